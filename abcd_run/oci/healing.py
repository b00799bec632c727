"""The blobs of the local store, which are removed when they turn out to be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abcd_run.oci.blobs import CHUNK, CorruptError, Layout, blob_name, open_blob

if TYPE_CHECKING:
    from abcd_run.oci.interfaces import Source
    from abcd_run.oci.model import Descriptor

AGAIN = "type it again: what was wrong has been removed, and is built or fetched anew"


class Kept(Layout):
    """A layout of our own: a wrong blob in it would hide the right one for ever."""

    def spoilt(self, digest: str) -> str:
        """Remove a blob."""
        (self.path / blob_name(digest)).unlink(missing_ok=True)
        return AGAIN

    def has(self, blob: Descriptor) -> bool:
        """Tell whether a blob is there, by its size; one of another size is removed."""
        try:
            right = (self.path / blob_name(blob.digest)).stat().st_size == blob.size
        except OSError:
            return False
        if not right:
            self.spoilt(blob.digest)
        return right

    def is_whole(self, blob: Descriptor) -> bool:
        """Tell whether a blob is there, all of it read; a wrong one is removed."""
        if not self.has(blob):
            return False
        try:
            _read(self, blob)
        except CorruptError:
            return False
        return True


def suspect(source: Source, blob: Descriptor) -> None:
    """Look again at a blob that could not be understood; CorruptError if it is to blame itself.

    Blobs of others are not read again: nothing could be done about them.
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
