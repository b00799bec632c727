"""A byte stream with a position: exact reads, skips and copies from large chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from abcd_run.concurrency.cancel import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abcd_run.oci.interfaces import Reader

CHUNK = 1 << 20


class TruncatedError(ValueError):
    """The stream ends in the middle of something."""


@runtime_checkable
class Skips(Protocol):
    """A reader that can skip ahead without reading."""

    def skip(self, size: int) -> int:
        """Skip ahead and return how far."""
        ...


class Stream:
    """Wraps a reader; `position` counts from its start."""

    def __init__(self, reader: Reader, *, chunk: int = CHUNK) -> None:
        self._reader, self._size = reader, chunk
        self._chunk = b""
        self._at = 0
        self.position = 0

    def pieces(self, size: int) -> Iterator[memoryview]:
        """Yield the next `size` bytes without copying them; TruncatedError if there are fewer."""
        while size:
            if self._at == len(self._chunk):
                self._fill()
            end = min(self._at + size, len(self._chunk))
            piece = memoryview(self._chunk)[self._at : end]
            size -= len(piece)
            self.position += len(piece)
            self._at = end
            yield piece

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes; TruncatedError if there are fewer."""
        end = self._at + size
        if end > len(self._chunk):
            return b"".join(self.pieces(size))
        data = self._chunk[self._at : end]
        self._at = end
        self.position += size
        return data

    def skip(self, size: int) -> None:
        """Drop the next `size` bytes; TruncatedError if there are fewer."""
        inside = min(size, len(self._chunk) - self._at)
        self._at += inside
        self.position += inside
        if size > inside and isinstance(self._reader, Skips):
            self._seek(size - inside)
        elif size > inside:
            for _ in self.pieces(size - inside):
                pass

    def at_end(self) -> bool:
        """Tell whether nothing is left."""
        if self._at == len(self._chunk):
            check()
            self._chunk, self._at = self._reader.read(self._size), 0
        return not self._chunk

    def drain(self, limit: int) -> None:
        """Read to the end, so that checks at the end of the stream run; but not beyond `limit`."""
        while not self.at_end():
            if self.position > limit:
                raise TruncatedError(f"goes on after {limit} bytes")
            self.position += len(self._chunk) - self._at
            self._at = len(self._chunk)

    def _fill(self) -> None:
        if self.at_end():
            raise TruncatedError(f"ends after {self.position} bytes, in the middle of an entry")

    def _seek(self, size: int) -> None:
        assert isinstance(self._reader, Skips)
        moved = self._reader.skip(size)
        self.position += moved
        if moved < size:
            raise TruncatedError(f"ends after {self.position} bytes, in the middle of an entry")
