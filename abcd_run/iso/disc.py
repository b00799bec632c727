"""Read the directories of an ISO 9660 file system with Rock Ridge names, on demand.

We do this ourselves because the medium may be malicious: pycdlib reads all directories into memory
when it opens one, with no limit on their number, size or depth, and no check for cycles.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from abcd_run import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 2048
DESCRIPTORS = 16
"""The block where an ISO's volume descriptors begin."""
MAGIC = b"CD001"

FOLDER, IN_PARTS = 0x02, 0x80  # flags of a record
SHORTEST_RECORD = 34
NAME_BYTES = 255  # longest file name on Linux
BLOCK_STEPS, RECORD_STEPS = 16, 4


class Malformed(Exception):
    """The medium is not ISO 9660 with Rock Ridge, or exceeds our limits."""


@dataclass(frozen=True, slots=True)
class Record:
    """One name in a folder; its content is `size` bytes starting at byte `start`."""

    name: str
    start: int
    size: int
    is_folder: bool = False
    is_file: bool = False


class Disc:
    """An open ISO; a budget limits how much of its directories is read."""

    def __init__(self, file: BinaryIO) -> None:
        """Find the root folder. Raises `Malformed`."""
        self._file = file
        self._length = os.fstat(file.fileno()).st_size
        self._left = limits.ISO_STEPS
        self._skip = 0
        root = self._description()[156:190]
        self.root = Record("", _number(root, 2) * BLOCK, _number(root, 10), is_folder=True)
        self._skip = self._rock_ridge()

    def read(self, start: int, size: int) -> bytes:
        """Return bytes of the medium. Raises `Malformed` beyond its end."""
        if start + size > self._length:
            raise Malformed("it is cut off")
        self._file.seek(start)
        return self._file.read(size)

    def records(self, folder: Record) -> Iterator[Record]:
        """List a folder's contents, without the folder itself and its parent."""
        for start in range(folder.start, folder.start + folder.size, BLOCK):
            for raw in self._raw_records(start):
                if raw[32:34] not in (b"\1\0", b"\1\1") and (record := self._record(raw)):
                    yield record

    def _description(self) -> bytes:
        for number in range(DESCRIPTORS, 2 * DESCRIPTORS):
            descriptor = self.read(number * BLOCK, BLOCK)
            if descriptor[1:6] != MAGIC:
                break
            if descriptor[0] == 1 and _number(descriptor, 128) & 0xFFFF == BLOCK:
                return descriptor
        raise Malformed("it has no ISO 9660 file system")

    def _rock_ridge(self) -> int:
        """Return how many bytes of each record come before Rock Ridge's."""
        itself = next(self._raw_records(self.root.start), b"")
        for kind, field in self._fields(itself[SHORTEST_RECORD:]):
            if kind == b"SP" and field[4:6] == b"\xbe\xef" and len(field) > 6:  # noqa: PLR2004
                return field[6]
        raise Malformed("it has no Linux file names (Rock Ridge)")

    def _raw_records(self, start: int) -> Iterator[bytes]:
        self._spend(BLOCK_STEPS)
        block = self.read(start, BLOCK)
        at = 0
        while at < BLOCK and block[at]:
            self._spend(RECORD_STEPS)
            raw = block[at : at + block[at]]
            if len(raw) < max(SHORTEST_RECORD, block[at]) or len(raw) < 33 + raw[32]:
                raise Malformed("a directory is damaged")
            yield raw
            at += len(raw)

    def _record(self, raw: bytes) -> Record | None:
        """Return a parsed record, or None for a folder that Rock Ridge shows somewhere else."""
        end = 33 + raw[32]
        name, mode, child = b"", 0, 0
        for kind, field in self._fields(raw[end + 1 - raw[32] % 2 + self._skip :]):
            match kind:
                case b"NM":
                    name += field[5:]
                case b"PX":
                    mode = _number(field, 4)
                case b"CL":
                    child = _number(field, 4)
                case b"RE":
                    return None
            if len(name) > NAME_BYTES:
                raise Malformed("a file name is too long")
        text = (name or raw[33:end].partition(b";")[0]).decode(errors="replace")
        if child:
            return self._moved(text, child * BLOCK)
        is_folder = bool(raw[25] & FOLDER)
        # Symbolic links and devices have no content; a multi-part file's record is just one part.
        is_file = (
            not is_folder and not raw[25] & IN_PARTS and stat.S_IFMT(mode) in (0, stat.S_IFREG)
        )
        return Record(text, _number(raw, 2) * BLOCK, _number(raw, 10), is_folder, is_file)

    def _moved(self, name: str, start: int) -> Record:
        """Return a folder that is stored elsewhere on the medium because it was nested too deep."""
        itself = next(self._raw_records(start), b"")
        return Record(name, start, _number(itself, 10), is_folder=True)

    def _fields(self, area: bytes) -> Iterator[tuple[bytes, bytes]]:
        """List the fields of a record, including those that did not fit into it."""
        for _ in range(limits.EXTENSIONS):
            at, more = 0, b""
            while at + 4 <= len(area) and area[at + 2] >= 4 and area[at : at + 2] != b"ST":  # noqa: PLR2004
                self._spend(1)
                field = area[at : at + area[at + 2]]
                at += len(field)
                if field[:2] == b"CE":
                    more = self._continued(field)
                yield field[:2], field
            if not more:
                return
            area = more
        raise Malformed("a directory record has no end")

    def _continued(self, field: bytes) -> bytes:
        self._spend(BLOCK_STEPS)
        start, offset, size = (_number(field, at) for at in (4, 12, 20))
        if size > BLOCK:
            raise Malformed("a directory record is too long")
        return self.read(start * BLOCK + offset, size)

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise Malformed("its directories exceed the limits for an ISO")


def _number(raw: bytes, at: int) -> int:
    """Return a 32-bit number. Raises `Malformed` if there is none."""
    if len(raw) < at + 4:
        raise Malformed("a directory is damaged")
    return int.from_bytes(raw[at : at + 4], "little")
