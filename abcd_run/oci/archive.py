"""One tar that every engine loads: an OCI archive and a docker archive over the same blobs.

Docker before 25 needs manifest.json; podman and skopeo accept either.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from abcd_run.concurrency.cancel import check
from abcd_run.oci import index, tarformat, tarwrite
from abcd_run.oci.blobs import CHUNK, blob_name, open_blob
from abcd_run.oci.store import referenced
from abcd_run.oci.unzstd import without_zstd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abcd_run.oci.interfaces import Source
    from abcd_run.oci.model import Descriptor, Image


def stream_archive(image: Image, name: str, *, keep_zstd: bool = False) -> Iterator[bytes]:
    """Yield the archive piece by piece; each blob is read once and verified on the way.

    Zstd layers are read twice and written as plain tar, since Docker 20.10 cannot read zstd, unless
    `keep_zstd` says that the engine can.
    `name` is the engine's full name for it: `localhost/abcdic4desktop:latest`.
    """
    image = image if keep_zstd else without_zstd(image)
    yield tarwrite.file("oci-layout", index.LAYOUT)
    yield tarwrite.file("index.json", index.document([index.entry(image, name)]))
    yield tarwrite.file("manifest.json", _docker_manifest(image, name))
    for blob in referenced(image):
        yield from _member(image.source, blob)
    yield tarformat.END


def _docker_manifest(image: Image, name: str) -> bytes:
    item = {
        "Config": blob_name(image.config_digest),
        "RepoTags": [name],
        "Layers": [blob_name(layer.blob.digest) for layer in image.layers],
    }
    return json.dumps([item], separators=(",", ":")).encode()


def _member(source: Source, blob: Descriptor) -> Iterator[bytes]:
    path = blob_name(blob.digest)
    yield tarwrite.record(tarwrite.header(tarwrite.Extra(path), blob.size), path)
    reader = open_blob(source, blob)
    try:
        while data := reader.read(CHUNK):
            check()
            yield data
    finally:
        reader.close()
    yield bytes(tarformat.padding(blob.size))
