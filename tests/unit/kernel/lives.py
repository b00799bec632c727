"""Small live ISOs, as far as a machine without a disk starts from them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.unit.iso import discs

SQUASHFS = b"hsqs" + b"s" * 5003
FILES = {
    "/boot/kernel": b"k" * 5000,
    "/boot/initrd": b"i" * 4999,
    "/rootfs.squashfs": SQUASHFS,
}
ARGUMENTS = "cdroot root=live:CDLABEL=X rd.live.dir=/ rd.live.squashimg=rootfs.squashfs quiet"


def make(path: Path, *, arguments: str = ARGUMENTS, kernel: bytes = FILES["/boot/kernel"]) -> Path:
    """Write a live ISO whose menu has these arguments."""
    entry = f"linux ($root)/boot/kernel {arguments}\n initrd ($root)/boot/initrd\n"
    menu = f"menuentry 'one' {{\n {entry}}}\n"
    files = FILES | {"/boot/kernel": kernel, "/boot/grub2/grub.cfg": menu.encode()}
    return discs.disc(path, files)


@dataclass(frozen=True)
class Packed:
    """A file in an archive."""

    name: str
    mode: int
    data: bytes


def unpacked(raw: bytes, start: int) -> Iterator[Packed]:
    """Read an archive of the kind newc as a kernel does, up to its end mark."""
    at = start
    while True:
        while raw[at] == 0:
            at += 1
        assert at % 4 == 0
        assert raw[at : at + 6] == b"070701"
        field = [int(raw[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        end = at + 110 + field[11]
        name = raw[at + 110 : end - 1].decode()
        data = -(-end // 4) * 4
        at = -(-(data + field[6]) // 4) * 4
        if name == "TRAILER!!!":
            assert at == len(raw)
            return
        assert (field[2], field[3], field[5]) == (0, 0, 0), "owner, time"
        yield Packed(name, field[1], raw[data : data + field[6]])
