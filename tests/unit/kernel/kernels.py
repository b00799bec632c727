"""Small kernels: an ELF file with notes, packed into what looks like a bzImage."""

import lzma
import struct
import zlib

import zstandard

XEN_START = (18, b"Xen\0")


def elf(*notes: tuple[int, bytes]) -> bytes:
    """Return an ELF file of 64 bits with these notes, each a kind and a name."""
    packed = b"".join(
        struct.pack("<III", len(name), 4, kind)
        + name.ljust(-(-len(name) // 4) * 4, b"\0")
        + b"addr"
        for kind, name in notes
    )
    head = b"\x7fELF\x02\x01" + bytes(26) + struct.pack("<QQIHHHHHH", 64, 0, 0, 64, 56, 2, 0, 0, 0)
    code = struct.pack("<IIQQQQQQ", 1, 0, 0, 0, 0, 0, 0, 0)
    place = struct.pack("<IIQQQQQQ", 4, 0, 176, 0, 0, len(packed), 0, 0)
    return head + code + place + packed + b"kernel" * 9000


def gzip(content: bytes) -> bytes:
    """Pack as `gzip -n` does, whose last four bytes are the size."""
    packing = zlib.compressobj(wbits=31)
    return packing.compress(content) + packing.flush()


def xz(content: bytes) -> bytes:
    """Pack with xz, and add the size."""
    return lzma.compress(content, lzma.FORMAT_XZ, lzma.CHECK_CRC32) + _size(content)


def zstd(content: bytes) -> bytes:
    """Pack with zstd, and add the size."""
    return zstandard.ZstdCompressor().compress(content) + _size(content)


def _size(content: bytes) -> bytes:
    return len(content).to_bytes(4, "little")


def bzimage(packed: bytes) -> bytes:
    """Return a bzImage with this packed kernel, behind one sector of setup."""
    head = bytearray(1024)
    head[0x1F1] = 1
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", head, 0x248, 16, len(packed))
    return bytes(head) + bytes(16) + packed + b"behind it"
