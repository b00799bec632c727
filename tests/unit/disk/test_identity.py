"""A disk's identity is its content's: what qemu-img makes up is replaced, checksums and all."""

import uuid
from pathlib import Path

import pytest

from abcd_run.disk import identity
from abcd_run.errors import ArtifactError, UsageError

OWN = uuid.UUID(int=0xFFFFFFFF << 96 | 5)
KIB = 1 << 10
TEXT = b'# Disk DescriptorFile\nCID=%s\nparentCID=ffffffff\nRW 8 SPARSE "old.vmdk"\n'


def vmdk(path: Path, cid: bytes = b"ab12", text: bytes = TEXT) -> Path:
    """Write as much of a VMDK as says what it is."""
    path.write_bytes(bytes(512) + (text % cid).ljust(20 * 512, b"\0") + b"grains")
    return path


def vhdx(path: Path, *, random: int, log: bytes = bytes(16)) -> Path:
    """Write as much of a VHDX as has something made up."""
    image = bytearray(3 << 20)
    made_up = random.to_bytes(16, "little")
    for place, number in ((64 * KIB, random + 1), (128 * KIB, random)):
        header = b"head" + made_up[:4] + number.to_bytes(8, "little") + made_up * 2 + log
        header += bytes(4) + (1 << 20).to_bytes(4, "little") + (1 << 20).to_bytes(8, "little")
        image[place : place + len(header)] = header
    metadata = uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le
    image[192 * KIB + 16 + 32 : 192 * KIB + 72] = metadata + (2 << 20).to_bytes(8, "little")
    disk = uuid.UUID("beca12ab-b2e6-4523-93ef-c309e000c746").bytes_le
    start = 2 << 20
    image[start + 32 : start + 52] = disk + (64 * KIB).to_bytes(4, "little")
    image[start + 64 * KIB : start + 64 * KIB + 16] = made_up
    image[1 << 20 : (1 << 20) + 16] = made_up
    path.write_bytes(image)
    return path


@pytest.mark.parametrize("cid", [b"1", b"ab12", b"fedcba98"])
def test_a_vmdk_has_its_contents_id_and_its_own_name(tmp_path: Path, cid: bytes) -> None:
    path = vmdk(tmp_path / "a.part", cid)
    identity.of_vmdk(path, OWN, "new & \\1.vmdk")
    raw = path.read_bytes()
    text = raw[512 : 21 * 512].rstrip(b"\0")
    assert text == TEXT.replace(b"old.vmdk", b"new & \\1.vmdk") % b"7fffffff"
    assert raw[21 * 512 :] == b"grains"


def test_a_vmdk_of_an_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="unknown kind of vmdk"):
        identity.of_vmdk(vmdk(tmp_path / "a", text=b"%s"), OWN, "a.vmdk")


@pytest.mark.parametrize("name", ['a".vmdk', "a\n.vmdk"])
def test_a_name_that_would_end_the_text(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be named"):
        identity.of_vmdk(vmdk(tmp_path / "a"), OWN, name)


def test_a_vhdx_has_nothing_made_up(tmp_path: Path) -> None:
    one, other = (vhdx(tmp_path / str(random), random=random) for random in (5, 77))
    for path in (one, other):
        identity.of_vhdx(path, OWN)
    raw = one.read_bytes()
    assert raw == other.read_bytes()
    assert raw[(2 << 20) + 64 * KIB :][:16] == OWN.bytes_le
    newer = raw[64 * KIB : 68 * KIB]
    assert newer[8:16] == (2).to_bytes(8, "little")
    assert newer[16:48] == OWN.bytes_le * 2
    checked = identity.crc32c(newer[:4] + bytes(4) + newer[8:])
    assert newer[4:8] == checked.to_bytes(4, "little")


def test_a_log_that_is_still_needed_is_not_emptied(tmp_path: Path) -> None:
    path = vhdx(tmp_path / "a", random=5, log=b"l" * 16)
    with pytest.raises(ArtifactError, match="unknown kind of vhdx"):
        identity.of_vhdx(path, OWN)


def test_the_checksum_is_the_standards() -> None:
    assert identity.crc32c(b"123456789") == 0xE3069283


def test_the_identity_is_the_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"same")
    (tmp_path / "b").write_bytes(b"same")
    (tmp_path / "c").write_bytes(b"other")
    one, two, three = (identity.identity(tmp_path / name) for name in "abc")
    assert one == two != three
