"""Screenshots as PNG, even if QEMU is too old to produce one."""

import re
import struct
import time
import zlib

from abcd_run import limits
from abcd_run.errors import LaunchFailed
from abcd_run.units import format_size

PNG = b"\x89PNG\r\n\x1a\n"
PPM = re.compile(rb"P6\s+(\d+)\s+(\d+)\s+255\s")


SECONDS = 30.0
"""How long a screenshot may take to arrive."""


class Pieces:
    """Collects what a libvirt stream delivers, limited in time and in bytes."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._most, self._until = limits.PICTURE_BYTES, time.monotonic() + SECONDS

    def __call__(self, _stream: object, piece: bytes, _opaque: object) -> None:
        """Take a piece. Raises `LaunchFailed`, which makes libvirt abort the stream."""
        self._most -= len(piece)
        if self._most < 0:
            raise LaunchFailed(
                f"its screenshot is larger than {format_size(limits.PICTURE_BYTES)}",
                remedy="choose a lower screen resolution inside",
            )
        if time.monotonic() > self._until:
            raise LaunchFailed(f"no screenshot arrived within {SECONDS:g} s")
        self._pieces.append(piece)

    def all(self) -> bytes:
        """Return what has arrived."""
        return b"".join(self._pieces)


def png(picture: bytes) -> bytes:
    """Return a PNG or binary PPM picture as PNG. Raises `ValueError`."""
    if picture.startswith(PNG):
        return picture
    head = PPM.match(picture)
    if head is None:
        raise ValueError("neither a PNG nor a PPM")
    width, height, pixels = int(head[1]), int(head[2]), picture[head.end() :]
    if len(pixels) < width * height * 3:
        raise ValueError("the PPM is cut off")
    rows = (pixels[start : start + width * 3] for start in range(0, width * height * 3, width * 3))
    raw = b"".join(b"\0" + row for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    return PNG + b"".join(_chunk(*one) for one in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
