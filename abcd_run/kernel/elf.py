"""The kernel as an ELF file, as some hypervisors want it, taken out of a bzImage.

Where it lies is said in the kernel's Documentation/arch/x86/boot.rst. A kernel may be a stranger's:
what is read is bounded.
"""

from __future__ import annotations

import io
import lzma
import struct
from typing import TYPE_CHECKING, BinaryIO, Final

from abcd_run.concurrency.cancel import check
from abcd_run.errors import ArtifactError
from abcd_run.oci import decompress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB: Final = 1 << 20
LARGEST_PACKED: Final = 64 * MIB
LARGEST: Final = 512 * MIB
MEMORY: Final = 128 * MIB
"""Bytes for unpacking xz: the kernel's own build takes windows of 32 MiB."""

XZ: Final = b"\xfd7zXZ\0"
ELF: Final = b"\x7fELF\x02\x01"
"""Of 64 bits, the lowest byte first."""

NOTES: Final = 4
XEN: Final = b"Xen\0"
START: Final = 18
"""A header of notes, and the note that says where a hypervisor enters the kernel (PVH)."""

LARGEST_NOTES: Final = 64 << 10
MOST_HEADERS: Final = 64


def unpack(kernel: Path, out: Path) -> bool:
    """Write the ELF file that is in a bzImage; say whether there is one that we can unpack."""
    try:
        with out.open("wb") as file:
            for piece in _unpacked(_payload(kernel)):
                check()
                file.write(piece)
        with out.open("rb") as made:
            whole = made.read(len(ELF)) == ELF
    except (lzma.LZMAError, ArtifactError, struct.error):
        whole = False
    if not whole:
        out.unlink()
    return whole


def takes_pvh(elf: Path) -> bool:
    """Say whether a hypervisor can enter the kernel as Xen's PVH guests are entered."""
    with elf.open("rb") as file:
        try:
            return any(_is_start(notes) for notes in _notes(file))
        except struct.error:  # it is cut off
            return False


def _payload(kernel: Path) -> bytes:
    """Return the packed kernel in a bzImage; nothing if there is none."""
    with kernel.open("rb") as file:
        head = file.read(0x250)
        if head[0x202:0x206] != b"HdrS":
            return b""
        offset, length = struct.unpack_from("<II", head, 0x248)
        file.seek((head[0x1F1] + 1) * 512 + offset)
        return file.read(min(length, LARGEST_PACKED))


def _unpacked(packed: bytes) -> Iterator[bytes]:
    """Yield what is packed; behind xz and zstd, the kernel's build adds four bytes for the size."""
    if packed.startswith(XZ):
        yield from _unxz(packed[:-4])
    elif packed.startswith((decompress.GZIP, decompress.ZSTD)):
        end = None if packed.startswith(decompress.GZIP) else -4
        reader = decompress.decompressed(io.BytesIO(packed[:end]))
        while piece := reader.read(MIB):
            yield piece


def _unxz(packed: bytes) -> Iterator[bytes]:
    unpacking = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
    left = LARGEST
    while not unpacking.eof:
        piece = unpacking.decompress(packed, MIB)
        packed, left = b"", left - len(piece)
        if left < 0 or (not piece and unpacking.needs_input):
            raise lzma.LZMAError("it is cut off, or much too large")
        yield piece


def _notes(file: BinaryIO) -> Iterator[bytes]:
    head = file.read(64)
    if head[: len(ELF)] != ELF:
        return
    (place,) = struct.unpack_from("<Q", head, 32)
    size, number = struct.unpack_from("<HH", head, 54)
    for index in range(min(number, MOST_HEADERS)):
        file.seek(min(place + index * size, LARGEST))
        kind, _, start, _, _, length = struct.unpack("<IIQQQQ", file.read(40))
        if kind == NOTES:
            file.seek(min(start, LARGEST))
            yield file.read(min(length, LARGEST_NOTES))


def _is_start(notes: bytes) -> bool:
    """Say whether one of these notes is Xen's about where to start."""
    at = 0
    while at + 12 <= len(notes):
        name, size, kind = struct.unpack_from("<III", notes, at)
        at += 12
        if kind == START and notes[at : at + name] == XEN:
            return True
        at += -(-name // 4) * 4 + -(-size // 4) * 4
    return False
