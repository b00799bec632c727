"""Make images in a store out of layers: those of other images, and new tars."""

from __future__ import annotations

import hashlib
import json
from typing import IO, TYPE_CHECKING, Any

from abcd_run.oci import index, select, spool
from abcd_run.oci.blobs import blob_name, digest_of
from abcd_run.oci.compress import compressing
from abcd_run.oci.model import CONFIG, MANIFEST, PLAIN_LAYER, REF_NAME, Descriptor, Layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from abcd_run.oci.model import Image
    from abcd_run.oci.spool import Readable
    from abcd_run.oci.store import Store

CREATED = "2026-01-01T00:00:00Z"
"""When every image was made, so that the same layers give the same image."""

GZIP_LAYER = f"{PLAIN_LAYER}+gzip"
"""What every engine and tool can read: Docker before 23 and umoci cannot read zstd."""


class Hashed:
    """A writer into a file that remembers size and digest of what is written to it."""

    def __init__(self, out: IO[bytes], file: IO[bytes]) -> None:
        self._out, self._file = out, file
        self._sum, self.size = hashlib.sha256(), 0

    def write(self, data: bytes, /) -> int:
        """Write all of it."""
        self._sum.update(data)
        self.size += len(data)
        return self._out.write(data)

    def flush(self) -> None:
        """Do what the file does."""
        self._out.flush()

    def fileno(self) -> int:
        """Return the file's, whose disk must have room."""
        return self._file.fileno()

    @property
    def digest(self) -> str:
        """The digest of everything so far."""
        return f"sha256:{self._sum.hexdigest()}"


def add_layer(store: Store, tar: Readable) -> Layer:
    """Compress a tar into a store and return the layer; the caller holds `store.importing()`."""
    with store.part() as part:
        with part.open("xb") as file:
            packed: Any = Hashed(file, file)
            with compressing(packed, "gzip") as out:
                plain: Any = Hashed(out, file)
                spool.copy(tar, plain)
        target = store.folder / blob_name(packed.digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)
    return Layer(Descriptor(GZIP_LAYER, packed.digest, packed.size), plain.digest)


def add_image(
    store: Store,
    name: str,
    layers: Iterable[Layer],
    settings: Mapping[str, Any],
    annotations: Mapping[str, str],
    *,
    architecture: str = "",
) -> None:
    """Give a name to an image of layers that a store has.

    `settings` are the image's `config`, in OCI's terms; `annotations` are those of the store's own
    entry, which does not travel; `architecture` is in OCI's terms, by default this host's. The
    caller holds `store.importing()`.
    """
    layers, architecture = tuple(layers), architecture or select.host_architecture()
    raw = _config(layers, settings, architecture)
    config = Descriptor(CONFIG, digest_of(raw), len(raw))
    manifest = index.manifest(config, (layer.blob for layer in layers))
    for content in (raw, manifest):
        store.put_bytes(content, digest_of(content))
    entry = {
        "mediaType": MANIFEST,
        "digest": digest_of(manifest),
        "size": len(manifest),
        "annotations": {**annotations, REF_NAME: name},
        "platform": {"architecture": architecture, "os": "linux"},
    }
    store.enter(entry, name)


def borrow(store: Store, image: Image) -> None:
    """Copy an image's layers from elsewhere into a store; the caller holds `store.importing()`."""
    for layer in image.layers:
        store.put(image.source, layer.blob)


def _config(layers: tuple[Layer, ...], settings: Mapping[str, Any], architecture: str) -> bytes:
    top = {
        "created": CREATED,
        "architecture": architecture,
        "os": "linux",
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": CREATED, "created_by": "abcd-run build"} for _ in layers],
    }
    return json.dumps(top, separators=(",", ":"), sort_keys=True).encode()
