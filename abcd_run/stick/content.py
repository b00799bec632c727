"""What a stick shall contain: the ISO, its partition table, and more partitions behind it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, BinaryIO, Final

from abcd_run.disk import gpt
from abcd_run.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from abcd_run.stick.parts import Part

CHUNK: Final = 4 << 20
"""Bytes that are read or written at a time."""

HEAD: Final = 1 << 20
"""Bytes at the start without which nothing on a stick starts: they are written last."""


@dataclass(frozen=True, slots=True)
class Content:
    """The first MiB, pieces elsewhere that are not the ISO's, and partitions behind it.

    All are whole sectors.
    """

    head: bytes
    elsewhere: tuple[tuple[int, bytes], ...]
    parts: tuple[Part, ...] = ()


class _Caught(io.BytesIO):
    """The first MiB as a file, which keeps what is written behind it."""

    def __init__(self, head: bytes) -> None:
        super().__init__(head)
        self.elsewhere: list[tuple[int, bytes]] = []

    def write(self, data: object, /) -> int:
        assert isinstance(data, bytes)
        place = self.tell()
        if place < HEAD:
            return super().write(data)
        self.elsewhere.append((place, data))
        return len(data)


def content(iso: BinaryIO, *, size: int, sector: int, parts: Sequence[Part] = ()) -> Content:
    """Return what differs from the ISO on a stick of `size` bytes. Raises `ArtifactError`."""
    iso.seek(0)
    caught = _Caught(iso.read(HEAD).ljust(HEAD, b"\0"))
    if not any(caught.getvalue()[:440]):
        raise ArtifactError(
            "this live ISO starts from a CD alone, not from a stick",
            details="it has no boot sector: it is not a hybrid ISO",
            remedy="use a Kairos live ISO, or an image of the family",
        )
    try:
        table = gpt.read(caught)
        if table:
            table = reduce(_with, parts, table)
    except gpt.Damaged as error:
        raise ArtifactError(
            "this live ISO is damaged", details=str(error), remedy="fetch or build the ISO again"
        ) from error
    if table and sector == gpt.SECTOR:  # a table counts in the disk's own sectors
        gpt.write(caught, table, sectors=size // gpt.SECTOR)
    elif parts:
        raise _no_partitions(sector)
    return Content(caught.getvalue(), tuple(caught.elsewhere), tuple(parts))


def _with(table: gpt.Table, part: Part) -> gpt.Table:
    first, sectors = part.start // gpt.SECTOR, part.size // gpt.SECTOR
    return gpt.with_partition(table, part.name, first=first, sectors=sectors)


def _no_partitions(sector: int) -> ArtifactError:
    why = "the ISO has no GUID partition table"
    if sector != gpt.SECTOR:
        why = f"the stick has sectors of {sector} bytes, and the ISO's table counts {gpt.SECTOR}"
    return ArtifactError(
        "no partition can be added behind this live ISO",
        details=why,
        remedy="leave out --persist, --seed, --password-file and --hostname",
    )


def body(iso: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the ISO behind its first MiB in whole MiB, each piece with its place."""
    iso.seek(HEAD)
    place = HEAD
    while piece := iso.read(CHUNK):
        yield place, piece.ljust(-(-len(piece) // HEAD) * HEAD, b"\0")
        place += len(piece)
