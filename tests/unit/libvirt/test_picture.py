"""Screenshots as PNG."""

import struct
import zlib

import pytest

from abcd_run import limits
from abcd_run.errors import LaunchFailed
from abcd_run_libvirt import picture
from abcd_run_libvirt.picture import PNG, Pieces, png

PIXELS = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 10, 32])


def test_a_png_stays_one() -> None:
    assert png(PNG + b"rest") == PNG + b"rest"


def test_a_ppm_becomes_one() -> None:
    made = png(b"P6\n2 2\n255\n" + PIXELS)
    assert made.startswith(PNG)
    assert struct.unpack_from(">II", made, 16) == (2, 2)
    length = struct.unpack_from(">I", made, 33)[0]
    assert zlib.decompress(made[41 : 41 + length]) == b"\0" + PIXELS[:6] + b"\0" + PIXELS[6:]


@pytest.mark.parametrize("wrong", [b"", b"GIF89a", b"P6\n2 2\n255\n" + PIXELS[:-1]])
def test_what_is_neither(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="PPM"):
        png(wrong)


def test_a_stream_has_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PICTURE_BYTES", 10)
    pieces = Pieces()
    for _ in range(2):
        pieces(None, b"12345", None)
    assert pieces.all() == b"1234512345"
    with pytest.raises(LaunchFailed, match="larger than 10 B"):
        pieces(None, b"1", None)


def test_a_stream_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "SECONDS", -1.0)
    with pytest.raises(LaunchFailed, match="no screenshot arrived within"):
        Pieces()(None, b"1", None)
