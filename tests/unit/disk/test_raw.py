"""A raw disk: the ISO itself, of whole MiB, with its partition table's copy at the end."""

import zlib
from pathlib import Path

import pytest

from abcd_run.disk import gpt, raw
from abcd_run.errors import ArtifactError
from tests.unit.disk import hybrids
from tests.unit.disk.hybrids import ENTRIES, MIB, TABLE


@pytest.mark.parametrize(
    ("size", "whole"), [(MIB + 4096, 2), (2 * MIB, 2), (2 * MIB - 512, 2), (2 * MIB + 512, 3)]
)
def test_it_is_whole_mib_and_begins_as_the_iso(tmp_path: Path, size: int, whole: int) -> None:
    iso, out = hybrids.make(tmp_path / "live.iso", size=size), tmp_path / "disk.raw"
    raw.write(iso, out)
    disk, medium = out.read_bytes(), iso.read_bytes()
    assert len(disk) == whole * MIB
    begin, end = (2 + ENTRIES // 512) * 512, size - ENTRIES - 512
    assert disk[begin:end] == medium[begin:end]


def test_both_tables_agree_with_each_other_and_the_disk(tmp_path: Path) -> None:
    out = tmp_path / "disk.raw"
    raw.write(hybrids.make(tmp_path / "live.iso"), out)
    disk = out.read_bytes()
    last = len(disk) // 512 - 1
    first, second = disk[512:604], disk[-512:-420]
    for header, itself, other, place in (
        (first, 1, last, 2),
        (second, last, 1, last - ENTRIES // 512),
    ):
        assert _number(header, 24) == itself
        assert _number(header, 32) == other
        assert _number(header, 48) == last - ENTRIES // 512 - 1
        assert _number(header, 72) == place
        assert disk[place * 512 : place * 512 + ENTRIES] == TABLE.entries
        assert _number(header, 16, 4) == zlib.crc32(header[:16] + bytes(4) + header[20:])
        assert _number(header, 88, 4) == zlib.crc32(TABLE.entries)
    assert _number(disk, 446 + 12, 4) == last
    with out.open("rb") as file:
        assert gpt.read(file) == TABLE


def _number(data: bytes, at: int, width: int = 8) -> int:
    return int.from_bytes(data[at : at + width], "little")


def test_one_without_a_partition_table_is_only_made_longer(tmp_path: Path) -> None:
    iso, out = hybrids.make(tmp_path / "live.iso", table=False), tmp_path / "disk.raw"
    raw.write(iso, out)
    assert out.read_bytes() == iso.read_bytes().ljust(2 * MIB, b"\0")


@pytest.mark.parametrize("start", [bytes(512), b"\xeb" + bytes(511), bytes(510) + b"\x55\xaa", b""])
def test_one_that_starts_from_a_cd_alone_is_refused(tmp_path: Path, start: bytes) -> None:
    iso = tmp_path / "live.iso"
    iso.write_bytes(start + bytes(MIB if start else 0))
    with pytest.raises(ArtifactError, match="from a CD alone") as caught:
        raw.write(iso, tmp_path / "disk.raw")
    assert "--to iso" in caught.value.remedy


@pytest.mark.parametrize("at", [520, 524, 530, 592, 596, 1024, 1024 + ENTRIES - 1])
def test_a_damaged_table_is_refused(tmp_path: Path, at: int) -> None:
    iso = hybrids.make(tmp_path / "live.iso")
    with iso.open("r+b") as file:
        file.seek(at)
        old = file.read(1)
        file.seek(at)
        file.write(bytes([old[0] ^ 0xFF]))
    with pytest.raises(ArtifactError, match="cannot become a disk") as caught:
        raw.write(iso, tmp_path / "disk.raw")
    assert "partition table" in caught.value.details


def test_a_table_that_lies_about_its_place_is_refused(tmp_path: Path) -> None:
    iso = hybrids.make(tmp_path / "live.iso")
    with iso.open("r+b") as file:
        file.seek(512)
        header = bytearray(file.read(92))
        header[72:80] = b"\xff" * 8
        header[16:20] = bytes(4)
        header[16:20] = zlib.crc32(header).to_bytes(4, "little")
        file.seek(512)
        file.write(header)
    with pytest.raises(ArtifactError, match="cannot become a disk"):
        raw.write(iso, tmp_path / "disk.raw")
