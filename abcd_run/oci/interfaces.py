"""What streams and sources of blobs look like; only type checkers import this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Reader(Protocol):
    """A byte stream, read forwards."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none only at the end."""
        ...

    def close(self) -> None:
        """Release what the stream holds."""
        ...


class Source(Protocol):
    """Where an image's blobs lie."""

    @property
    def path(self) -> Path:
        """The layout or archive."""
        ...

    def open(self, digest: str) -> Reader:
        """Open a blob, unverified; ArtifactError when it is not there."""
        ...

    def spoilt(self, digest: str) -> str:
        """Hear that a blob is missing or wrong; return what to do about it."""
        ...
