"""Read a PNG without a library, to check that a screenshot is not blank."""

import struct
import zlib


def pixels(png: bytes) -> bytes:
    """Return the bytes of a PNG's rows, without the filter byte before each."""
    place, packed, row = 8, b"", 0
    while place < len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        body = png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, bits, colour = struct.unpack(">I4xBB3x", body)
            row = width * bits * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] // 8 + 1
        packed += body if kind == b"IDAT" else b""
        place += length + 12
    raw = zlib.decompress(packed)
    return b"".join(raw[start + 1 : start + row] for start in range(0, len(raw), row))
