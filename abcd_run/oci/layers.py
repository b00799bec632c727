"""Layers as tar streams, decompressed in a separate thread."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.oci.blobs import Verified, blob_name, open_blob
from abcd_run.oci.decompress import decompressed
from abcd_run.oci.healing import suspect
from abcd_run.oci.read_ahead import Ahead
from abcd_run.oci.stream import Stream, TruncatedError
from abcd_run.oci.tarformat import TarError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abcd_run.oci.interfaces import Reader
    from abcd_run.oci.model import Image, Layer

REFUSED = "do not use this image; get it again, or ask its author"


def open_layer(image: Image, layer: Layer) -> Reader:
    """Open a layer's tar; reading it to the end verifies its blob digest and diff ID."""
    tar = Ahead(decompressed(open_blob(image.source, layer.blob)))
    if layer.diff_id == layer.blob.digest:
        return tar
    blob_name(layer.diff_id)
    return Verified(
        tar, layer.diff_id, None, f"{image.source.path}: the tar in {layer.blob.digest}"
    )


def reopen_layer(image: Image, layer: Layer) -> Reader:
    """Open a layer's tar that has already been verified."""
    if layer.diff_id == layer.blob.digest:
        return decompressed(image.source.open(layer.blob.digest))
    return Ahead(decompressed(image.source.open(layer.blob.digest)))


@contextmanager
def reading(image: Image, layer: Layer, *, checked: bool = False) -> Iterator[Stream]:
    """Read a layer, naming it in every error."""
    reader = (reopen_layer if checked else open_layer)(image, layer)
    try:
        yield Stream(reader)
    except (TarError, TruncatedError, ArtifactError) as error:
        suspect(image.source, layer.blob)
        if isinstance(error, ArtifactError):
            raise
        raise refused(image, layer.blob.digest, error) from error
    finally:
        reader.close()


def refused(image: Image, digest: str, error: Exception) -> ArtifactError:
    """Return the error for a layer that is not acceptable, with the reason."""
    return ArtifactError(
        f"{image.source.path}: layer {digest} is refused: {error}",
        remedy=REFUSED,
    )
