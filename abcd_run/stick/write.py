"""Write a live ISO on a disk, so that an interrupted one never looks whole."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from abcd_run.concurrency.cancel import check
from abcd_run.errors import AbcdRunError, Interrupted, UsageError
from abcd_run.stick import block, refusal
from abcd_run.stick.content import HEAD, Content, body, content
from abcd_run.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from abcd_run.stick.block import Disk, Places
    from abcd_run.stick.parts import Part

    Say = Callable[[str], None]

END: Final = 64 << 10
"""Bytes at the end of a disk that may have a copy of its partition table: sectors of any size."""

UNFINISHED: Final = "nothing on it starts: its first MiB is written last"


class Target(Protocol):
    """An open disk: `device.Device`, or a test's."""

    @property
    def number(self) -> str:
        """The kernel's number of what is open."""
        ...

    @property
    def size(self) -> int:
        """Its size in bytes."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """Return bytes."""
        ...

    def write(self, start: int, data: bytes) -> None:
        """Write bytes."""
        ...

    def sync(self) -> None:
        """Wait until the disk has everything."""
        ...

    def eject(self) -> None:
        """Have a stick end what it does."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


def recheck(places: Places, disk: Disk, target: Target, *, needed: int, large: bool) -> None:
    """Raise `UsageError` unless what is open is still the disk that was asked about."""
    now = block.disk(places, disk.name)
    if now != disk or target.number != disk.number or target.size != disk.size:
        raise UsageError(
            f"{disk.device} is not written: it is another disk than a moment ago",
            details=f"it was {disk.model} {disk.serial}; now it is "
            + (f"{now.model} {now.serial}" if now else "gone"),
            remedy=refusal.LIST,
        )
    refusal.refuse(places, disk, needed=needed, large=large)
    refusal.refuse_members(disk, target.read)


def write(iso: Path, disk: Disk, target: Target, *, say: Say, parts: Sequence[Part] = ()) -> int:
    """Write an ISO and partitions on an open disk, read all back and compare; return its bytes.

    Raises `AbcdRunError` for what the disk does wrong, or `Interrupted`: then nothing on it starts.
    """
    with iso.open("rb") as file:
        size = iso.stat().st_size
        wanted = content(file, size=disk.size, sector=disk.sector, parts=parts)
        whole = size + sum(part.filled for part in parts)
        try:
            _clear(target, disk.size)
            for place, piece in _told("writing", _rest(file, wanted), whole, say):
                target.write(place, piece)
            say("waiting for the disk")
            target.sync()
            for place, piece in _told("reading back", _rest(file, wanted), whole, say):
                _compare(target, place, piece)
            target.write(0, wanted.head)
            target.sync()
            _compare(target, 0, wanted.head)
        except Interrupted as error:
            error.details = UNFINISHED
            raise
        except OSError as error:
            raise AbcdRunError(
                f"{disk.device} fails: {error.strerror or error}",
                details=UNFINISHED,
                remedy="write it again, or use another stick",
            ) from error
    return size


def _clear(target: Target, size: int) -> None:
    """Take away what was there: its partition table, and the copy at the end."""
    target.write(0, bytes(HEAD))
    target.write(size - END, bytes(END))
    target.sync()


def _rest(iso: BinaryIO, wanted: Content) -> Iterator[tuple[int, bytes]]:
    """Yield everything but the first MiB, each piece with its place."""
    yield from body(iso)
    for part in wanted.parts:
        yield from part.pieces()
    yield from wanted.elsewhere


def _told(
    doing: str, pieces: Iterator[tuple[int, bytes]], whole: int, say: Say
) -> Iterator[tuple[int, bytes]]:
    """Pass pieces on, and tell how far it is, how fast, and how long it will take."""
    begun, done = time.monotonic(), 0
    for place, piece in pieces:
        check()
        yield place, piece
        done += len(piece)
        rate = done / max(time.monotonic() - begun, 0.001)
        left = max(whole - done, 0) / rate
        far = f"{format_size(min(done, whole))} of {format_size(whole)}"
        say(f"{doing}: {far}, {format_size(rate)}/s, {left:.0f} s left")


def _compare(target: Target, place: int, piece: bytes) -> None:
    if target.read(place, len(piece)) != piece:
        target.write(0, bytes(HEAD))
        raise OSError(0, f"it gives back other data at byte {place}")
