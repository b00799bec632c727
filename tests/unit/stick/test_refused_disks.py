"""Disks that are never written, each for the kernel's word about it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.stick import refusal
from tests.unit.conftest import Run
from tests.unit.stick.trees import MIB, SATA, Tree

Make = Callable[[Tree], object]


def mounted_elsewhere(tree: Tree) -> None:
    """Btrfs, whose mounts have numbers of their own."""
    tree.partition("sdb1", "8:17")
    tree.mount("0:44", "/media/\\040stick\\033[31m", "/dev/sdb1")


def part_of(filesystem: str) -> Make:
    def make(tree: Tree) -> None:
        tree.partition("sdb1", "8:17")
        tree.inside("8:17", filesystem)

    return make


def used_by(holder: str, title: str = "") -> Make:
    def make(tree: Tree) -> None:
        tree.partition("sdb1", "8:17")
        tree.holder("sdb1", holder, title)

    return make


def with_partition(use: Make) -> Make:
    def make(tree: Tree) -> None:
        tree.partition("sdb1", "8:17")
        use(tree)

    return make


REFUSED: dict[str, tuple[Make, str]] = {
    "mounted as a whole": (lambda tree: tree.mount("0:0", "/mnt", "/dev/x"), "mounted at /mnt"),
    "a partition": (with_partition(lambda tree: tree.mount("8:17", "/", "x")), "mounted at /"),
    "btrfs": (mounted_elsewhere, "mounted at /media/ stick"),
    "swap": (with_partition(lambda tree: tree.swap("/dev/sdb1")), "sdb1 is swap of this host"),
    "all swap": (lambda tree: tree.swap("/dev/zram0", "/dev/sdb"), "sdb is swap"),
    "LVM in use": (used_by("dm-0", "vg-root"), "as a part of vg-root"),
    "RAID in use": (used_by("md127"), "as a part of md127"),
    "LVM": (part_of("LVM2_member"), "sdb1 is part of LVM2"),
    "RAID": (part_of("linux_raid_member"), "part of linux_raid"),
    "ZFS": (part_of("zfs_member"), "part of zfs"),
    "read-only": (lambda tree: tree.fact("ro", "1"), "read-only"),
    "no medium": (lambda tree: tree.fact("size", "0"), "too little"),
    "large": (lambda tree: tree.fact("size", str(257 * 10**9 // 512)), "larger than a stick"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str, tree: Tree, iso: Path, run: Run) -> None:
    device = tree.disk()
    before = device.read_bytes()
    make, said = REFUSED[name]
    make(tree)
    ended = run("write", "live", str(device), "--serial", "4C53")
    assert ended.status == 2
    assert said in ended.err
    assert "\x1b" not in ended.err
    assert device.read_bytes() == before
    listed = run("write", "--list", "--json").json["disks"]
    assert [said in one["refused"] for one in listed] == ([True] if name != "no medium" else [])
    assert iso.exists()


def test_a_disk_that_is_built_in(tree: Tree, iso: Path, run: Run) -> None:
    device = tree.disk("sda", at=SATA)
    ended = run("write", "live", str(device), "--serial", "")
    assert (ended.status, "built in" in ended.err) == (2, True), iso


@pytest.mark.parametrize(("key", "text"), [("removable", "1"), ("device/type", "SD")])
def test_what_can_be_taken_out(tree: Tree, run: Run, key: str, text: str) -> None:
    tree.disk("sda", at=SATA)
    tree.fact(key, text, "sda")
    (one,) = run("write", "--list", "--json").json["disks"]
    assert one["refused"] == ""


@pytest.mark.parametrize("name", ["sr0", "fd0", "dm-0", "md127", "zram0"])
def test_what_can_be_taken_out_and_is_no_stick(tree: Tree, run: Run, name: str) -> None:
    device = tree.disk(name, at=SATA)
    tree.fact("removable", "1", name)
    assert run("write", "--list", "--json").json["disks"] == []
    ended = run("write", "live", str(device))
    assert (ended.status, "neither USB nor removable" in ended.err) == (2, True)


def test_a_partition_is_no_disk(tree: Tree, run: Run) -> None:
    device = tree.disk()
    tree.partition("sdb1", "8:17")
    (device.parent / "sdb1").touch()
    ended = run("write", "live", f"{device}1")
    assert "only whole disks" in ended.err
    assert ended.status == 2


@pytest.mark.usefixtures("tree")
def test_no_disk_at_all(tree: Tree, tmp_path: Path, run: Run) -> None:
    tree.disk()
    (tmp_path / "file").touch()
    (tree.places.dev / "null").touch()
    for word, said in (("file", "is not a device"), ("tree/dev/null", "no disk of this host")):
        assert said in run("write", "live", str(tmp_path / word)).err


def test_a_link_of_udevs(tree: Tree, iso: Path, run: Run) -> None:
    device = tree.disk()
    link = device.parent / "disk/by-id/usb-SanDisk"
    link.parent.mkdir(parents=True)
    link.symlink_to(device)
    assert run("write", "live", str(link), "--serial", "4C53").status == 0, iso


def test_too_small(tree: Tree, iso: Path, run: Run) -> None:
    device = tree.disk(size=4 * MIB)
    ended = run("write", "live", str(device), "--serial", "4C53")
    assert (ended.status, "too little" in ended.err) == (2, True), iso
    assert not any(device.read_bytes())


def test_large_is_allowed_by_a_word(tree: Tree, iso: Path, run: Run) -> None:
    size = 257 * 10**9 // MIB * MIB
    device = tree.disk(size=size)
    assert "--large" in run("write", "live", str(device), "--serial", "4C53").err
    assert run("write", "live", str(device), "--serial", "4C53", "--large").status == 0, iso


@pytest.mark.parametrize("content", [(512, refusal.LVM), (4096, refusal.RAID)])
def test_what_udev_does_not_know(
    tree: Tree, iso: Path, run: Run, content: tuple[int, bytes]
) -> None:
    """As without udev: the disk itself is read."""
    device = tree.disk()
    tree.partition("sdb1", "8:17", start=2 * MIB)
    with device.open("r+b") as file:
        file.seek(2 * MIB + content[0])
        file.write(content[1])
    before = device.read_bytes()
    ended = run("write", "live", str(device), "--serial", "4C53")
    assert (ended.status, "sdb1 is part of" in ended.err) == (2, True), iso
    assert device.read_bytes() == before


def test_without_the_right(tree: Tree, iso: Path, run: Run) -> None:
    device = tree.disk()
    device.chmod(0o400)
    ended = run("write", "live", str(device), "--serial", "4C53")
    assert ended.status == 2
    assert f"you may not write {device}" in ended.err
    assert f"its group may: {device.group()}" in ended.err
    assert 'ENV{ID_SERIAL_SHORT}=="4C53", TAG+="uaccess"' in ended.err
    assert f"sudo dd if=live.iso of={device} bs=4M oflag=direct conv=fsync" in ended.err, iso
