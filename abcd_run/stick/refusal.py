"""Why a disk is not written: each reason is the kernel's word, and one is enough."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from abcd_run.errors import UsageError
from abcd_run.stick import block
from abcd_run.units import format_size
from abcd_run.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from abcd_run.stick.block import Disk, Places

LARGE: Final = 256 * 10**9
"""Bytes above which a disk is hardly a stick, as their makers count."""

LIST: Final = "abcd-run write --list"
LVM: Final = b"LABELONE"
RAID: Final = b"\xfc\x4e\x2b\xa9"
RAID_PLACES: Final = (0, 4096)
LOOKED_AT: Final = 8192
"""Bytes at the start of a disk and of each partition that are searched for these."""


def named(places: Places, device: Path) -> Disk:
    """Return the whole disk that a path names, a link's target too. Raises `UsageError`."""
    real = device.resolve()
    if not real.is_relative_to(places.dev.resolve()):
        raise UsageError(
            f"{device} is not a device",
            details="a file is made by: abcd-run artifact IMAGE --to raw -o FILE",
            remedy=LIST,
        )
    name = str(real.relative_to(places.dev.resolve())).replace("/", "!")
    itself = (places.sys / "class/block" / name).resolve()
    if (itself / "partition").is_file():
        whole = itself.parent.name
        raise UsageError(
            f"{device} is a partition: only whole disks are written",
            details=f"it is one of {whole}",
            remedy=f"abcd-run write IMAGE {places.dev / whole}",
        )
    disk = block.disk(places, name)
    if disk is None:
        raise UsageError(f"{device} is no disk of this host", remedy=LIST)
    return disk


def refuse(places: Places, disk: Disk, *, needed: int = 0, large: bool = False) -> None:
    """Raise `UsageError` if a disk must not be written, with the first of the reasons."""
    why = next(reasons(places, disk, needed=needed, large=large), "")
    if why:
        remedy = f"{LIST}; --large allows it" if why.startswith("larger") else LIST
        raise UsageError(f"{disk.device} is not written: {why}", remedy=remedy)


def reasons(places: Places, disk: Disk, *, needed: int, large: bool) -> Iterator[str]:
    """Yield why a disk must not be written; `needed` are the bytes that it must hold."""
    if not disk.kind:
        yield "it is built in, not a stick: neither USB nor removable"
    if disk.read_only:
        yield "it is read-only"
    yield from _mounted(places, disk)
    yield from _swap(places, disk)
    yield from _held(places, disk)
    inside = {disk.name: disk.filesystem} | {one.name: one.filesystem for one in disk.partitions}
    for name, filesystem in inside.items():
        if filesystem.endswith("_member"):
            yield f"{name} is part of {filesystem.removesuffix('_member')}"
    if disk.size < max(needed, 1):
        yield f"it has {format_size(disk.size)}, too little for {format_size(needed)}"
    if disk.size > LARGE and not large:
        yield f"larger than a stick: {format_size(disk.size)}"


def refuse_members(disk: Disk, read: Callable[[int, int], bytes]) -> None:
    """Raise `UsageError` for a part of LVM or RAID that nothing uses just now.

    `read` returns bytes of the open disk: its offset and length are whole sectors.
    """
    for name, start in ((disk.name, 0), *((one.name, one.start) for one in disk.partitions)):
        if start + LOOKED_AT > disk.size:
            continue
        raw = read(start, LOOKED_AT)
        raid = any(raw[at : at + len(RAID)] == RAID for at in RAID_PLACES)
        lvm = any(raw[at : at + len(LVM)] == LVM for at in range(0, 2048, block.SECTOR))
        if lvm or raid:
            raise UsageError(
                f"{disk.device} is not written: {name} is part of {'LVM' if lvm else 'RAID'}",
                remedy=f"{LIST}; or, if it is not needed: wipefs --all {disk.device.parent / name}",
            )


def _mounted(places: Places, disk: Disk) -> Iterator[str]:
    """Yield where the disk or a part of it is mounted; btrfs has numbers of its own."""
    for line in (places.proc / "self/mountinfo").read_text(errors="replace").splitlines():
        words = line.split(" ")
        after = words[words.index("-") + 1 :] if "-" in words else []
        named = {f"/dev/{name.replace('!', '/')}" for name in disk.parts}
        if words[2:3] and (words[2] in disk.parts.values() or named & set(after[1:2])):
            yield f"it is mounted at {_unescaped(words[4])}"


def _unescaped(word: str) -> str:
    plain = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word)
    return visible(plain)[: block.LONGEST_NAME]


def _swap(places: Places, disk: Disk) -> Iterator[str]:
    for line in (places.proc / "swaps").read_text(errors="replace").splitlines()[1:]:
        name = line.split()[0].removeprefix("/dev/").replace("/", "!")
        if name in disk.parts:
            yield f"{name} is swap of this host"


def _held(places: Places, disk: Disk) -> Iterator[str]:
    """Yield which device is made of the disk: LVM's, RAID's, a decrypted one."""
    for name in disk.parts:
        holders = places.sys / "class/block" / name / "holders"
        for one in sorted(holders.iterdir()) if holders.is_dir() else []:
            title = places.sys / "class/block" / one.name / "dm/name"
            made = title.read_text(errors="replace").strip() if title.is_file() else one.name
            yield f"{name} is in use, as a part of {visible(made)[: block.LONGEST_NAME]}"
