"""The facts about this host's disks: all that is read from the kernel's files and udev's.

`Places` says where these files are. What a disk says of itself, its vendor's names and its labels,
is a stranger's text: it is bounded and made visible.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from abcd_run.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTOR: Final = 512
"""Bytes in which the kernel counts, whatever a disk's own sectors are."""

NO_STICKS: Final = ("sr", "fd", "dm-", "md", "ram", "zram", "nbd")
"""How the names begin of CDs, floppy disks, and of disks that are made of others or of memory."""

LONGEST: Final = 4096
LONGEST_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Places:
    """Where the kernel's and udev's files are: below `/`, or in a made tree."""

    root: Path = Path("/")

    @property
    def sys(self) -> Path:
        """The kernel's devices."""
        return self.root / "sys"

    @property
    def proc(self) -> Path:
        """The kernel's mounts and swaps."""
        return self.root / "proc"

    @property
    def dev(self) -> Path:
        """The device files."""
        return self.root / "dev"

    @property
    def udev(self) -> Path:
        """What udev has found on devices; a host may have none."""
        return self.root / "run/udev/data"


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition, its place and size in bytes, and what udev says is in it."""

    name: str
    number: str
    start: int
    size: int
    filesystem: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Disk:
    """A whole disk; `number` is the kernel's "major:minor", sizes are in bytes.

    `kind` is "usb", "removable", "card", "loop", or empty for a disk that is built in.
    """

    name: str
    device: Path
    number: str
    size: int
    sector: int
    vendor: str
    model: str
    serial: str
    kind: str
    read_only: bool
    filesystem: str = ""
    partitions: tuple[Partition, ...] = ()

    @property
    def parts(self) -> dict[str, str]:
        """The numbers of the disk and its partitions, by name."""
        return {self.name: self.number} | {one.name: one.number for one in self.partitions}


def disks(places: Places) -> tuple[Disk, ...]:
    """Return the whole disks of this host that have a medium, CDs and made devices aside."""
    folder = places.sys / "block"
    names = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
    listed = (disk(places, name) for name in names if not name.startswith(NO_STICKS))
    return tuple(one for one in listed if one and one.size)


def disk(places: Places, name: str) -> Disk | None:
    """Return a whole disk by the kernel's name; None if it has gone."""
    folder = (places.sys / "block" / name).resolve()
    if not (number := _text(folder / "dev")):
        return None
    return Disk(
        name=name,
        device=places.dev / name.replace("!", "/"),
        number=number,
        size=_number(folder / "size") * SECTOR,
        sector=_number(folder / "queue/logical_block_size") or SECTOR,
        vendor=_text(folder / "device/vendor"),
        model=_model(folder),
        serial=_serial(places, folder),
        kind=_kind(folder),
        read_only=_text(folder / "ro") != "0",
        filesystem=_udev(places, number).get("ID_FS_TYPE", ""),
        partitions=tuple(_partitions(places, folder)),
    )


def _partitions(places: Places, folder: Path) -> Iterator[Partition]:
    for one in sorted(folder.iterdir(), key=lambda one: _number(one / "partition")):
        if not (one / "partition").is_file():
            continue
        number = _text(one / "dev")
        said = _udev(places, number)
        yield Partition(
            name=one.name,
            number=number,
            start=_number(one / "start") * SECTOR,
            size=_number(one / "size") * SECTOR,
            filesystem=said.get("ID_FS_TYPE", ""),
            label=said.get("ID_FS_LABEL", ""),
        )


def _kind(folder: Path) -> str:
    if folder.name.startswith(NO_STICKS):
        return ""
    if (folder / "loop").is_dir():
        return "loop"
    if any(re.fullmatch(r"usb\d+", part) for part in folder.parts):
        return "usb"
    if _text(folder / "device/type") == "SD":  # what is soldered in says MMC
        return "card"
    return "removable" if _text(folder / "removable") == "1" else ""


def _model(folder: Path) -> str:
    if (folder / "loop").is_dir():
        return "loop"
    return _text(folder / "device/model") or _text(folder / "device/name")


def _serial(places: Places, folder: Path) -> str:
    """Return a disk's serial number; of a loop, the name of its file."""
    if backing := _text(folder / "loop/backing_file"):
        return backing.rpartition("/")[2]
    for parent in folder.parents:
        if (parent / "idVendor").is_file():
            return _text(parent / "serial")
    said = _udev(places, _text(folder / "dev")).get("ID_SERIAL_SHORT", "")
    return _text(folder / "device/serial") or said


def _udev(places: Places, number: str) -> dict[str, str]:
    """Return what udev knows of a device; nothing if there is no udev."""
    lines = _raw(places.udev / f"b{number}").splitlines()
    words = (line[2:].partition("=") for line in lines if line.startswith("E:"))
    return {key: _shown(value) for key, _, value in words}


def _number(path: Path) -> int:
    text = _text(path)
    return int(text) if text.isascii() and text.isdecimal() else 0


def _text(path: Path) -> str:
    return _shown(_raw(path))


def _shown(text: str) -> str:
    return visible(" ".join(text.split()))[:LONGEST_NAME]


def _raw(path: Path) -> str:
    """Return a file's text; nothing if it cannot be read, as when its device has gone."""
    try:
        with path.open("rb") as file:
            return file.read(LONGEST).decode(errors="replace")
    except OSError:
        return ""
