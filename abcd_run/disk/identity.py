"""Give disks the identity of their content where qemu-img makes up one: same disk, same bytes."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from typing import TYPE_CHECKING, BinaryIO, Final

from abcd_run.errors import ArtifactError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

KIB: Final = 1 << 10
DESCRIPTION: Final = range(512, 512 + 20 * 512)
"""The bytes of a VMDK that hold its description, as text."""

HEADERS: Final = (64 * KIB, 128 * KIB)
REGIONS: Final = 192 * KIB
METADATA: Final = uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le
DISK: Final = uuid.UUID("beca12ab-b2e6-4523-93ef-c309e000c746").bytes_le
"""Of a VHDX: its headers, its table of regions, the region of facts, and there the disk's GUID."""

LARGEST_LOG: Final = 64 << 20
CASTAGNOLI: Final = 0x82F63B78


def identity(raw: Path) -> uuid.UUID:
    """Return a UUID that says which content a disk has."""
    with raw.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return uuid.uuid5(uuid.NAMESPACE_URL, f"urn:abcd-run:disk:{digest}")


def of_vmdk(path: Path, own: uuid.UUID, name: str) -> None:
    """Set the content's id of a VMDK, and the name by which it speaks of itself.

    The id has 32 bits; all ones mean that there is none. Raises `UsageError` for some names.
    """
    if re.search(r'["\x00-\x1f]', name):
        raise UsageError(f"a VMDK cannot be named {name!r}", remedy='name it without " in it')
    with path.open("r+b") as file:
        file.seek(DESCRIPTION.start)
        text = file.read(len(DESCRIPTION)).rstrip(b"\0")
        text, ids = re.subn(rb"(?m)^CID=[0-9a-f]+$", b"CID=%08x" % (own.int >> 97), text)
        itself = b'"%s"' % os.fsencode(name)
        text, extents = re.subn(rb'(?m)(?<= SPARSE )".*"$', lambda _: itself, text)
        if (ids, extents) != (1, 1) or len(text) > len(DESCRIPTION):
            raise _unknown("vmdk")
        file.seek(DESCRIPTION.start)
        file.write(text.ljust(len(DESCRIPTION), b"\0"))


def of_vhdx(path: Path, own: uuid.UUID) -> None:
    """Set the GUIDs of a VHDX: of the file, of its data, and of the disk as guests see it.

    Its two headers are numbered, and its log of writes is emptied: qemu-img begins the numbers at
    random, and leaves in the log what it has long written.
    """
    with path.open("r+b") as file:
        headers = [_header(file, place) for place in HEADERS]
        newer = max(headers, key=lambda header: _number(header, 8, 8))
        for place, header in zip(HEADERS, headers, strict=True):
            number = 2 if header is newer else 1
            new = header[:4] + bytes(4) + number.to_bytes(8, "little") + own.bytes_le * 2
            new += header[len(new) :]
            file.seek(place)
            file.write(new[:4] + crc32c(new).to_bytes(4, "little") + new[8:])
        if any(newer[48:64]) or not 0 < _number(newer, 68, 4) <= LARGEST_LOG:
            raise _unknown("vhdx")  # the log is still needed
        file.seek(_number(newer, 72, 8))
        file.write(bytes(_number(newer, 68, 4)))
        file.seek(_disk_guid(file))
        file.write(own.bytes_le)


def _header(file: BinaryIO, place: int) -> bytes:
    file.seek(place)
    header = file.read(4 * KIB)
    if header[:4] != b"head":
        raise _unknown("vhdx")
    return header


def _number(raw: bytes, at: int, width: int) -> int:
    return int.from_bytes(raw[at : at + width], "little")


def crc32c(data: bytes) -> int:
    """Return the checksum of VHDX (Castagnoli's polynomial), of some KiB: zlib has another."""
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = rest >> 1 ^ (CASTAGNOLI if rest & 1 else 0)
    return rest ^ 0xFFFFFFFF


def _disk_guid(file: BinaryIO) -> int:
    """Return where in a VHDX the disk's GUID is."""
    region = _place(file, REGIONS, METADATA, skip=16, width=8)
    return region + _place(file, region, DISK, skip=32, width=4)


def _place(file: BinaryIO, table: int, guid: bytes, *, skip: int, width: int) -> int:
    """Return the number behind a GUID in a table of entries of 32 bytes, after its head."""
    file.seek(table)
    raw = file.read(64 * KIB)
    for at in range(skip, len(raw), 32):
        if raw[at : at + 16] == guid:
            return _number(raw, at + 16, width)
    raise _unknown("vhdx")


def _unknown(form: str) -> ArtifactError:
    return ArtifactError(
        f"this host's qemu-img writes an unknown kind of {form}",
        remedy="report it, with what qemu-img --version says",
    )
