"""Kernel and initrd out of an ISO, for a virtual machine that starts them without firmware."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.iso.entries import Entry, live_entry
from abcd_run.iso.medium import Medium, opened
from abcd_run.iso.menu import live_arguments
from abcd_run.parts import part_of

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DirectBoot:
    """What a virtual machine is given beside the ISO, which stays in its drive."""

    kernel: Path
    initrd: Path
    arguments: tuple[str, ...]


def direct_boot(iso: Path, folder: Path) -> DirectBoot:
    """Return the live session's kernel, initrd and arguments, the files copied into FOLDER.

    They are copied again when the ISO is another than the last time. Raises ArtifactError.
    """
    with opened(iso) as medium:
        entry = live_entry(medium.menu())
        entry = entry or Entry("/boot/kernel", "/boot/initrd", live_arguments())
        boot = DirectBoot(folder / "kernel", folder / "initrd", entry.arguments)
        stamp = _stamp(iso)
        with part_of(folder / "iso") as part:
            if not _is_current(folder, stamp):
                _copy(medium, entry.kernel, boot.kernel)
                _copy(medium, entry.initrd, boot.initrd)
                part.empty()
                part.file.write(stamp.encode())
                part.finish()
    return boot


def _is_current(folder: Path, stamp: str) -> bool:
    """Tell whether FOLDER has this ISO's files: its stamp is written last."""
    file = folder / "iso"
    return file.is_file() and file.read_text() == stamp


def _stamp(iso: Path) -> str:
    status = iso.stat()
    return f"{iso.resolve()} {status.st_size} {status.st_mtime_ns}\n"


def _copy(medium: Medium, path: str, target: Path) -> None:
    with part_of(target) as part:
        part.empty()
        if not medium.copy(path, part.file):
            part.discard()
            raise ArtifactError(f"the ISO has no {path}", remedy="use a Kairos live ISO")
        part.finish()
