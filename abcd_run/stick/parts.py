"""What a stick has behind the ISO: partitions for a seed, and for what a person saves.

Every size and place is in bytes, and a whole number of MiB.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB: Final = 1 << 20
SEED: Final = MIB
"""Bytes of a seed's partition: one of the longest seed has a tenth of that."""

LEAST: Final = 64 * MIB
"""Bytes below which a partition to save on is not worth its name."""

CHUNK: Final = 4 * MIB


@dataclass(frozen=True, slots=True)
class Part:
    """A partition, and the file with its content: where that has holes, the disk is left alone."""

    name: str
    start: int
    size: int
    file: Path

    @property
    def filled(self) -> int:
        """The bytes that are written, about."""
        return sum(end - start for start, end in self._data())

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """Yield its content in whole sectors, each piece with its place on the disk."""
        with self.file.open("rb") as file:
            for start, end in self._data():
                for place in range(start, end, CHUNK):
                    file.seek(place)
                    piece = file.read(min(CHUNK, end - place))
                    yield self.start + place, piece.ljust(min(CHUNK, end - place), b"\0")

    def _data(self) -> Iterator[tuple[int, int]]:
        """Yield where it has content, from and to; always in its first MiB.

        There other file systems, which the stick had before, could still be recognized.
        """
        yield 0, MIB
        place, size = MIB, self.file.stat().st_size
        with self.file.open("rb") as file:
            while place < size:
                start = _next(file.fileno(), place, hole=False)
                end = min(_next(file.fileno(), start, hole=True), size) if start < size else size
                if start < end:
                    yield start, end
                place = end


def _next(file: int, place: int, *, hole: bool) -> int:
    """Return where the next content or hole begins: behind everything if there is none."""
    if sys.platform == "win32" or sys.platform == "darwin":
        return 1 << 62 if hole else place
    try:
        return os.lseek(file, place, os.SEEK_HOLE if hole else os.SEEK_DATA)
    except OSError:  # ENXIO: no content from here on
        return 1 << 62


def behind(iso: int) -> int:
    """Return where the first partition behind an ISO of so many bytes starts."""
    return -(-iso // MIB) * MIB


def needed(iso: int, *, seed: bool, keeps: bool) -> int:
    """Return how large a stick must be at least; the last MiB has the partition table's copy."""
    return behind(iso) + SEED * seed + LEAST * keeps + MIB


def rest(start: int, disk: int) -> int:
    """Return the size of a partition from `start` over the rest of a disk."""
    return disk // MIB * MIB - MIB - start
