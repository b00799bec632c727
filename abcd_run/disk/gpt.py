"""The GUID partition table of a disk image: move its second copy to the end, where it belongs.

A hybrid ISO has its copy at its own end. On a larger disk firmware and systems would complain, or
repair it by writing.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

SECTOR: Final = 512
ENTRY: Final = 128
MOST_ENTRIES: Final = 1024
LINUX: Final = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
"""The kind of a partition for Linux, which other systems leave alone."""

LONGEST_NAME: Final = 36
HEADER = struct.Struct("<8s4sII4xQQQQ16sQIII")
SIGNATURE = b"EFI PART"
PROTECTIVE: Final = 0xEE
FARTHEST: Final = 1 << 32  # sectors: what can be sought


class Damaged(Exception):
    """There is a table, and it is not what its own checksums say."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its header's fixed parts and its entries, as they are on the disk."""

    revision: bytes
    first: int  # sectors, as all that follows
    place: int
    disk: bytes
    entries: bytes


def read(file: BinaryIO) -> Table | None:
    """Return the first table of a disk image; None if it has none. Raises `Damaged`."""
    file.seek(SECTOR)
    raw = file.read(HEADER.size)
    if len(raw) < HEADER.size or not raw.startswith(SIGNATURE):
        return None
    _, revision, size, told, *_, first, _, disk, place, number, each, entries_sum = HEADER.unpack(
        raw
    )
    # Whole sectors of entries: all that is written so.
    if size != HEADER.size or each != ENTRY or number % 4 or not 0 < number <= MOST_ENTRIES:
        raise Damaged("its partition table has an unknown form")
    file.seek(min(place, FARTHEST) * SECTOR)
    entries = file.read(number * ENTRY)
    if len(entries) < number * ENTRY or zlib.crc32(entries) != entries_sum or _sum(raw) != told:
        raise Damaged("its partition table does not match its checksum")
    return Table(revision, first, place, disk, entries)


def with_partition(table: Table, name: str, *, first: int, sectors: int) -> Table:
    """Return a table with one more partition for Linux. Raises `Damaged` if it is full."""
    entry = struct.pack(
        "<16s16sQQQ72s", LINUX.bytes_le, uuid.uuid4().bytes_le, first, first + sectors - 1, 0,
        name[:LONGEST_NAME].encode("utf-16-le"),
    )  # fmt: skip
    for at in range(0, len(table.entries), ENTRY):
        if not any(table.entries[at : at + 16]):  # an entry of no kind is free
            entries = table.entries[:at] + entry + table.entries[at + ENTRY :]
            return replace(table, entries=entries)
    raise Damaged("its partition table has no room for another partition")


def write(file: BinaryIO, table: Table, *, sectors: int) -> None:
    """Write a table to a disk image of that many sectors, and its copy at the end."""
    length = len(table.entries) // SECTOR
    last = sectors - 1
    copy = last - length
    for itself, other, place in ((1, last, table.place), (last, 1, copy)):
        file.seek(place * SECTOR)
        file.write(table.entries)
        file.seek(itself * SECTOR)
        file.write(_header(table, itself=itself, other=other, usable=copy - 1, place=place))
    _protect(file, sectors)


def _protect(file: BinaryIO, sectors: int) -> None:
    """Have the old kind of table, which says only that there is a new one, cover the disk."""
    for at in range(446, 510, 16):
        file.seek(at)
        entry = file.read(16)
        if entry[4] == PROTECTIVE:
            file.seek(at + 12)
            file.write(min(sectors - 1, 0xFFFFFFFF).to_bytes(4, "little"))


def _header(table: Table, *, itself: int, other: int, usable: int, place: int) -> bytes:
    def packed(checksum: int) -> bytes:
        number, entries_sum = len(table.entries) // ENTRY, zlib.crc32(table.entries)
        return HEADER.pack(
            SIGNATURE, table.revision, HEADER.size, checksum, itself, other, table.first, usable,
            table.disk, place, number, ENTRY, entries_sum,
        )  # fmt: skip

    return packed(zlib.crc32(packed(0))).ljust(SECTOR, b"\0")


def _sum(header: bytes) -> int:
    return zlib.crc32(header[:16] + bytes(4) + header[20:])
