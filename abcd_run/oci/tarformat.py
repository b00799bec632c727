"""The tar format: numbers, names, checksums and pax records, and how each can be wrong."""

from __future__ import annotations

import re
import zlib

BLOCK = 512
ZEROS = bytes(BLOCK)
END = bytes(2 * BLOCK)
REGULAR, HARDLINK, SYMLINK, CHARDEV, BLOCKDEV, DIRECTORY, FIFO = "0", "1", "2", "3", "4", "5", "6"
GNU_SPARSE = "S"
DATALESS = frozenset({HARDLINK, SYMLINK, CHARDEV, BLOCKDEV, DIRECTORY, FIFO})
KNOWN = DATALESS | {REGULAR, GNU_SPARSE}
NAME_SIZE = 100
OCTAL = re.compile(rb"[0-7]*")
OCTAL_LIMIT = 8**11
PAX_LENGTH_DIGITS = 7
ADLER = 65521


class TarError(ValueError):
    """A tar stream is invalid."""


def padding(size: int) -> int:
    """Return how many bytes pad the last block."""
    return -size % BLOCK


def number(field: bytes) -> int:
    """Read a header number: octal, or base 256 if the first bit is set."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        negative = field[0] & 0x40
        return value - (1 << (8 * len(field) - 1)) if negative else value
    digits = field.strip(b" \0").split(b"\0", 1)[0].rstrip(b" ")
    if not OCTAL.fullmatch(digits):
        raise TarError(f"bad number {field!r} in a header")
    return int(digits or b"0", 8)


def text(field: bytes) -> str:
    """Read a header string, which ends at its first NUL."""
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def octal(value: int, width: int) -> bytes:
    """Write a header number, in base 256 if it does not fit."""
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    data = bytearray(value.to_bytes(width, "big", signed=True))
    data[0] |= 0x80
    return bytes(data)


def header_name(header: bytes) -> str:
    """Join prefix and name as the header's dialect does."""
    name = text(header[:NAME_SIZE])
    if header[257:263] != b"ustar\0":
        return name
    prefix = text(header[345 : prefix_end(header)])
    return f"{prefix}/{name}" if prefix else name


def prefix_end(header: bytes) -> int:
    """Return where the prefix field ends: star has a shorter one, followed by times."""
    return 476 if header[508:512] == b"tar\0" else 500


def check(header: bytes) -> None:
    """Verify a header's checksum, unsigned or, as old tars wrote it, signed."""
    stored, own = number(header[148:156]), sum(header[148:156]) - 8 * 0x20
    # Adler-32 sums bytes too, and is ten times as fast as a Python loop.
    if (stored - (zlib.adler32(header) & 0xFFFF) + 1 + own) % ADLER == 0:
        return
    unsigned = sum(header) - own
    high = sum(1 for byte in header[:148] + header[156:] if byte & 0x80)
    if stored != unsigned - 256 * high:
        raise TarError("header checksum does not match")


def seal(header: bytearray) -> bytes:
    """Write the checksum into a header."""
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def parse_pax(data: bytes) -> dict[str, bytes]:
    """Read pax records `LENGTH KEY=VALUE`, one per line; the last one of each key wins."""
    records: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        digits, space, _ = data[at : at + PAX_LENGTH_DIGITS + 1].partition(b" ")
        if not (space and digits.isdigit()):
            raise TarError("malformed pax record")
        record = data[at + len(digits) + 1 : at + int(digits)]
        key, equals, value = record[:-1].partition(b"=")
        at += int(digits)
        if not (key and equals and record.endswith(b"\n")) or at > len(data):
            raise TarError("malformed pax record")
        records[key.decode("utf-8", "surrogateescape")] = value
    return records


def pax_record(key: str, value: bytes) -> bytes:
    """Write one pax record; its length counts itself."""
    body = b" %b=%b\n" % (key.encode("utf-8", "surrogateescape"), value)
    size = len(body) + len(str(len(body)))
    size = len(body) + len(str(size))
    return b"%d%b" % (size, body)
