"""The interfaces of streams and blob sources; only type checkers import this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Reader(Protocol):
    """A byte stream that is read forwards."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; empty only at the end."""
        ...

    def close(self) -> None:
        """Release what the stream holds."""
        ...


class Source(Protocol):
    """Where an image's blobs are."""

    @property
    def path(self) -> Path:
        """The layout or archive."""
        ...

    def open(self, digest: str) -> Reader:
        """Open a blob, unverified; ArtifactError if it is not there."""
        ...

    def spoilt(self, digest: str) -> str:
        """Take note of a missing or bad blob; return the remedy."""
        ...
