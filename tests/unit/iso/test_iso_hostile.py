"""Malicious ISOs: refused or read in seconds and in little memory, whatever is on them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from abcd_run import limits
from abcd_run.errors import ArtifactError
from abcd_run.iso.direct import direct_boot
from abcd_run.iso.install import auto_install
from abcd_run.iso.medium import opened
from tests.unit.iso.discs import BLOCK, FILES, disc, read_by_child

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SECONDS, MEMORY = 10, 512 * limits.MIB
ROOT = 16 * BLOCK + 156  # the root's record, in the first volume descriptor

TEXTS = {
    "flow": b"install: {",
    "flow with auto": b"install: {auto: true ",
    "words of flow": b"install :{auto :",
    "spaces": b" " * 64,
    "lines": b"\n",
    "blank lines": b" \n",
    "quotes": b"'install' : 'auto' :",
    "menu": b"menuentry linux ",
    "menu lines": b"menuentry\nlinux a b\n",
    "tabs": b"linux\t\t\t\t",
}


def read_at_once(iso: Path, folder: Path) -> list[str | None]:
    """Return what a process said about an ISO, within a few seconds and little memory."""
    said, peak, seconds = read_by_child(iso, folder / "boot")
    assert seconds < SECONDS
    assert peak < MEMORY
    return said


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_of_one_megabyte(text: bytes, tmp_path: Path) -> None:
    content = (text * limits.TEXT_BYTES)[: limits.TEXT_BYTES]
    files = {**FILES, "/a.yaml": content, "/b.yml": content, "/boot/grub2/grub.cfg": content}
    assert len(read_at_once(disc(tmp_path / "a.iso", files), tmp_path)) == 2


@pytest.mark.parametrize("name", ["/a.yaml", "/boot/grub2/grub.cfg"])
def test_a_text_that_is_too_long(name: str, tmp_path: Path) -> None:
    iso = disc(tmp_path / "a.iso", {**FILES, name: b"#"})
    _grow(iso, name, 4 * limits.GIB - BLOCK)
    said = read_at_once(iso, tmp_path)
    assert said[0]
    assert "more text than the limit" in said[0]


def test_texts_that_are_too_long_together(tmp_path: Path) -> None:
    count = limits.ISO_TEXT_BYTES // limits.TEXT_BYTES + 1
    text = b"#" * limits.TEXT_BYTES
    iso = disc(tmp_path / "a.iso", {f"/{number}.yaml": text for number in range(count)})
    with pytest.raises(ArtifactError) as caught:
        auto_install(iso)
    assert "more text than the limit" in caught.value.details


def test_a_folder_within_itself(tmp_path: Path) -> None:
    iso = disc(tmp_path / "a.iso", {**FILES, "/x/a.yaml": b""})
    whole = bytearray(iso.read_bytes())
    root = bytes(whole[ROOT + 2 : ROOT + 18])
    at = _record_of(whole, b"x")
    whole[at + 2 : at + 18] = root
    iso.write_bytes(whole)
    assert auto_install(iso) is None
    with opened(iso) as medium:
        assert medium.text("/x/x/x/boot/grub2/grub.cfg") == FILES["/boot/grub2/grub.cfg"].decode()
        assert len(list(medium.files())) == len(FILES)


def test_a_folder_of_four_gigabytes(tmp_path: Path) -> None:
    iso = disc(tmp_path / "a.iso")
    _move_root(iso, [], size=4 * limits.GIB - BLOCK)
    said = read_at_once(iso, tmp_path)
    assert said[0]
    assert "exceed the limits for an ISO" in said[0]


def test_a_million_files(tmp_path: Path) -> None:
    """Each block of a huge directory is full of the shortest possible records."""
    iso = disc(tmp_path / "a.iso")
    record = struct.pack("<BB8s8s7s7sB1s", 34, 0, bytes(8), bytes(8), bytes(7), bytes(7), 1, b"A")
    full = record * (BLOCK // 34)
    _move_root(iso, [full] * (1_000_000 // 60))
    said = read_at_once(iso, tmp_path)
    assert said[0]
    assert "exceed the limits for an ISO" in said[0]


def test_a_record_that_continues_in_itself(tmp_path: Path) -> None:
    name = "n" * 200
    iso = disc(tmp_path / "a.iso", {f"/{name}.yaml": b""})
    whole = bytearray(iso.read_bytes())
    at = whole.index(b"CE\x1c", _root_start(whole) + 300)
    block, offset, size = (struct.unpack_from("<I", whole, at + field)[0] for field in (4, 12, 20))
    begin = block * BLOCK + offset
    whole[begin : begin + 28] = whole[at : at + 28]
    whole[at + 20 : at + 28] = _both(max(size, 28))
    whole[begin + 20 : begin + 28] = _both(max(size, 28))
    iso.write_bytes(whole)
    with pytest.raises(ArtifactError) as caught:
        auto_install(iso)
    assert "has no end" in caught.value.details


def test_folders_that_are_too_deep(tmp_path: Path) -> None:
    """Ninety nested folders: no medium needs them, and each would make paths longer."""
    deep = "/d" * (limits.ISO_DEPTH + 2)
    iso = disc(tmp_path / "a.iso", {f"{deep}/a.yaml": b""})
    with pytest.raises(ArtifactError) as caught:
        auto_install(iso)
    assert "too deep" in caught.value.details


def test_a_kernel_that_is_longer_than_the_medium(tmp_path: Path) -> None:
    iso = disc(tmp_path / "a.iso")
    whole = bytearray(iso.read_bytes())
    at = _record_of(whole, b"kernel")
    whole[at + 10 : at + 18] = _both(4 * limits.GIB - BLOCK)
    iso.write_bytes(whole)
    with pytest.raises(ArtifactError) as caught:
        direct_boot(iso, tmp_path / "boot")
    assert "cut off" in caught.value.details
    assert not list((tmp_path / "boot").iterdir())


def test_a_kernels_line_without_end(tmp_path: Path) -> None:
    menu = b"menuentry 'a' {\n linux /boot/kernel " + b"a " * 10_000 + b"\n initrd /boot/initrd\n}"
    iso = disc(tmp_path / "a.iso", {**FILES, "/boot/grub2/grub.cfg": menu})
    with pytest.raises(ArtifactError, match="more arguments than a kernel takes"):
        direct_boot(iso, tmp_path / "boot")


def test_names_say_nothing_to_the_terminal(tmp_path: Path) -> None:
    iso = disc(tmp_path / "a.iso", {"/\x1b[2Ja.yaml": b"install: {auto: true}"})
    assert auto_install(iso) == "/a.yaml has install.auto: true"


def test_what_is_no_file(tmp_path: Path) -> None:
    import os

    fifo = tmp_path / "a.iso"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path):
        said, _, seconds = read_by_child(path, tmp_path / "boot")
        assert said[0]
        assert "as an ISO" in said[0]
        assert seconds < SECONDS


def _grow(iso: Path, name: str, size: int) -> None:
    """Make a file claim to be `size` bytes long, and give the medium that many, as a hole."""
    whole = bytearray(iso.read_bytes())
    at = _record_of(whole, name.rpartition("/")[2].encode())
    whole[at + 10 : at + 18] = _both(size)
    iso.write_bytes(whole)
    with iso.open("r+b") as file:
        file.truncate(len(whole) + size)


def _move_root(iso: Path, more: list[bytes], size: int = 0) -> None:
    """Put the root after the medium, with more blocks; the rest of `size` is a hole."""
    whole = bytearray(iso.read_bytes())
    whole += bytes(-len(whole) % BLOCK)
    start = len(whole) // BLOCK
    blocks = [bytes(whole[_root_start(whole) :][:BLOCK]), *more]
    size = size or len(blocks) * BLOCK
    whole[ROOT + 2 : ROOT + 18] = _both(start) + _both(size)
    iso.write_bytes(bytes(whole) + b"".join(block.ljust(BLOCK, b"\0") for block in blocks))
    with iso.open("r+b") as file:
        file.truncate(start * BLOCK + size)


def _record_of(whole: bytearray, name: bytes) -> int:
    """Return where the directory record with this Linux name begins."""
    field = whole.index(b"NM" + bytes([5 + len(name), 1, 0]) + name)
    for at in range(field - 33, field - 256, -1):
        if whole[at] >= field - at and whole[at + 32] and at + 33 + whole[at + 32] <= field:
            little, big = whole[at + 10 : at + 14], whole[at + 14 : at + 18]
            if little == big[::-1] and whole[at + 2 : at + 6] == whole[at + 6 : at + 10][::-1]:
                return at
    raise AssertionError(name)


def _root_start(whole: bytearray) -> int:
    return int.from_bytes(whole[ROOT + 2 : ROOT + 6], "little") * BLOCK


def _both(number: int) -> bytes:
    return struct.pack("<I", number) + struct.pack(">I", number)
