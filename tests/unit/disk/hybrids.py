"""Small hybrid ISOs, as far as a disk is made of them."""

import uuid
from pathlib import Path

from abcd_run.disk import gpt

MIB = 1 << 20
ENTRIES = 128 * gpt.ENTRY
TABLE = gpt.Table(b"\0\0\1\0", 64, 2, uuid.UUID(int=5).bytes_le, bytes([7]) + bytes(ENTRIES - 1))


def make(path: Path, *, size: int = MIB + 4096, table: bool = True) -> Path:
    """Write what a BIOS would start, with content up to its end, and maybe a partition table."""
    start = b"\xeb" + bytes(445) + b"\0\0\2\0\xee" + bytes(59) + b"\x55\xaa"
    path.write_bytes((start + b"content!" * (size // 8))[:size])
    if table:
        with path.open("r+b") as file:
            gpt.write(file, TABLE, sectors=size // gpt.SECTOR)
    return path
