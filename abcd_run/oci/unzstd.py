"""An image with its zstd layers as plain tar; its configuration, and so its ID, stay the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.oci import index
from abcd_run.oci.blobs import CHUNK, Memory, Verified, blob_name, digest_of, open_blob
from abcd_run.oci.decompress import ZSTD, decompressed
from abcd_run.oci.healing import suspect
from abcd_run.oci.model import CONFIG, MANIFEST, PLAIN_LAYER, Descriptor, Image, Layer

if TYPE_CHECKING:
    from pathlib import Path

    from abcd_run.oci.interfaces import Reader, Source


class Unzstd:
    """Another source's blobs, some of them decompressed and named by their diff IDs."""

    def __init__(self, source: Source, layers: dict[str, Descriptor]) -> None:
        self._source, self._layers = source, layers
        self.manifest = b""

    @property
    def source(self) -> Source:
        """Return the source underneath."""
        return self._source

    @property
    def path(self) -> Path:
        """Return the path of the source underneath."""
        return self._source.path

    def open(self, digest: str) -> Reader:
        """Open a blob, decompressed if it is a zstd layer."""
        if digest == digest_of(self.manifest):
            return Memory(self.manifest)
        if digest not in self._layers:
            return self._source.open(digest)
        return decompressed(open_blob(self._source, self._layers[digest]))

    def spoilt(self, digest: str) -> str:
        """Report to the source underneath, whose digests are different."""
        return self._source.spoilt(digest)


def without_zstd(image: Image) -> Image:
    """Return the image without zstd layers; reads each one once to learn its plain size."""
    packed = [layer for layer in image.layers if _is_zstd(image.source, layer.blob)]
    if not packed:
        return image
    source = Unzstd(image.source, {layer.diff_id: layer.blob for layer in packed})
    layers = tuple(_plain(source, layer) if layer in packed else layer for layer in image.layers)
    config = Descriptor(CONFIG, image.config_digest, len(image.raw_config))
    manifest = index.manifest(config, (layer.blob for layer in layers))
    source.manifest = manifest
    return replace(
        image,
        digest=digest_of(manifest),
        manifest=manifest,
        media_type=MANIFEST,
        layers=layers,
        source=source,
    )


def _is_zstd(source: Source, blob: Descriptor) -> bool:
    blob_name(blob.digest)
    reader = source.open(blob.digest)
    try:
        return reader.read(len(ZSTD)) == ZSTD
    finally:
        reader.close()


def _plain(source: Unzstd, layer: Layer) -> Layer:
    name = f"{source.path}: the tar in {layer.blob.digest}"
    reader = Verified(source.open(layer.diff_id), layer.diff_id, None, name)
    size = 0
    try:
        while data := reader.read(CHUNK):
            size += len(data)
    except ArtifactError:
        suspect(source.source, layer.blob)
        raise
    finally:
        reader.close()
    return Layer(Descriptor(PLAIN_LAYER, layer.diff_id, size), layer.diff_id)
