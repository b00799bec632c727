"""The local store's blobs, which are removed if they turn out to be bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abcd_run.oci.blobs import CHUNK, CorruptError, Layout, blob_name, open_blob

if TYPE_CHECKING:
    from abcd_run.oci.interfaces import Source
    from abcd_run.oci.model import Descriptor

AGAIN = "try again: the bad data has been removed and will be built or fetched again"


class Kept(Layout):
    """A layout of our own: a bad blob in it would hide the good one forever."""

    def spoilt(self, digest: str) -> str:
        """Remove a bad blob and return the remedy."""
        (self.path / blob_name(digest)).unlink(missing_ok=True)
        return AGAIN

    def has(self, blob: Descriptor) -> bool:
        """Tell whether a blob is there, judging by its size; remove one of a different size."""
        try:
            right = (self.path / blob_name(blob.digest)).stat().st_size == blob.size
        except OSError:
            return False
        if not right:
            self.spoilt(blob.digest)
        return right

    def is_whole(self, blob: Descriptor) -> bool:
        """Tell whether a blob is there by reading all of it; remove a bad one."""
        if not self.has(blob):
            return False
        try:
            _read(self, blob)
        except CorruptError:
            return False
        return True


def suspect(source: Source, blob: Descriptor) -> None:
    """Check a blob that could not be parsed; CorruptError if the blob itself is bad.

    Blobs outside our store are not read again: nothing could be done about them.
    """
    if isinstance(source, Kept):
        _read(source, blob)


def _read(source: Source, blob: Descriptor) -> None:
    reader = open_blob(source, blob)
    try:
        while reader.read(CHUNK):
            pass
    finally:
        reader.close()
