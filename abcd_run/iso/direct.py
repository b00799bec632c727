"""Kernel and initrd from an ISO, for a virtual machine that boots them without firmware."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abcd_run import limits
from abcd_run.errors import ArtifactError
from abcd_run.host.file_stamp import stamp, stamp_of
from abcd_run.host.part_file import part_of, unwritable
from abcd_run.iso.medium import Medium, opened
from abcd_run.iso.menu import live_arguments
from abcd_run.iso.read_menu import Entry, live_entry

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DirectBoot:
    """What a virtual machine is given besides the ISO, which stays in its drive."""

    kernel: Path
    initrd: Path
    arguments: tuple[str, ...]


def direct_boot(iso: Path, folder: Path) -> DirectBoot:
    """Return the live session's kernel, initrd and arguments, with the files copied into FOLDER.

    They are copied again if the ISO has changed since the last time, or if the copies have.
    Raises ArtifactError.
    """
    with opened(iso) as medium:
        entry = live_entry(medium.menu())
        entry = entry or Entry("/boot/kernel", "/boot/initrd", live_arguments())
        _refuse_long(entry, iso)
        boot = DirectBoot(folder / "kernel", folder / "initrd", entry.arguments)
        source = f"{iso.resolve()} {' '.join(stamp(medium.status))}"
        with part_of(folder / "iso") as part:
            if not _is_current(boot, source):
                _copy(medium, entry.kernel, boot.kernel)
                _copy(medium, entry.initrd, boot.initrd)
                part.empty()
                part.file.write(_record(boot, source))
                part.finish()
    return boot


def _is_current(boot: DirectBoot, source: str) -> bool:
    """Tell whether the files are unchanged copies from this ISO; the record is written last."""
    try:
        return (boot.kernel.parent / "iso").read_bytes() == _record(boot, source)
    except FileNotFoundError:
        return False


def _record(boot: DirectBoot, source: str) -> bytes:
    lines = [source, *(" ".join(stamp_of(path)) for path in (boot.kernel, boot.initrd))]
    return "\n".join(lines).encode(errors="surrogateescape")


def _refuse_long(entry: Entry, iso: Path) -> None:
    if len(" ".join(entry.arguments)) > limits.KERNEL_LINE:
        raise ArtifactError(
            f"the boot menu of {iso} has more arguments than a kernel takes",
            remedy="use a Kairos live ISO",
        )


def _copy(medium: Medium, path: str, target: Path) -> None:
    file = medium.find(path)
    if file is None:
        raise ArtifactError(f"the ISO has no {path}", remedy="use a Kairos live ISO")
    with part_of(target) as part:
        part.empty()
        try:
            for piece in medium.pieces(file):
                try:
                    part.file.write(piece)
                except OSError as error:
                    raise unwritable(target, error) from error
        except BaseException:
            part.discard()
            raise
        part.finish()
