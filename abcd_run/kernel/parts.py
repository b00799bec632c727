"""What a live ISO starts with: kernel, initrd, squashfs and the kernel's arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from abcd_run.errors import ArtifactError
from abcd_run.iso.menu import live_arguments
from abcd_run.iso.read_menu import Entry, live_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from abcd_run.iso.disc import Record
    from abcd_run.iso.medium import Medium

SYSTEM: Final = "rootfs.img"
"""The squashfs in the initrd. dracut takes `root=live:/FILE` if FILE ends in `.img`."""

SQUASHFS: Final = b"hsqs"
LONGEST: Final = 1536
"""Characters: pxelinux and Firecracker take no more than 2047."""

PLAIN = re.compile(r"[A-Za-z0-9_.,:/=@%+-]+")
"""An argument that is one word to GRUB, iPXE, pxelinux, Xen and shells alike."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of a live session on its medium, and the arguments that find the system in RAM."""

    kernel: Record
    initrd: Record
    system: Record
    arguments: tuple[str, ...]

    @property
    def line(self) -> str:
        """The kernel's arguments as one line."""
        return " ".join(self.arguments)


def parts(medium: Medium) -> Parts:
    """Return the parts of an open ISO's live session. Raises `ArtifactError`."""
    entry = live_entry(medium.menu()) or Entry("/boot/kernel", "/boot/initrd", live_arguments())
    system = _there(medium, _squashfs(entry.arguments))
    if next(medium.pieces(system), b"")[: len(SQUASHFS)] != SQUASHFS:
        raise _other("its root file system is no squashfs")
    return Parts(
        kernel=_there(medium, entry.kernel),
        initrd=_there(medium, entry.initrd),
        system=system,
        arguments=tuple(_from_memory(entry.arguments)),
    )


def on_serial_line(arguments: Sequence[str], console: str) -> str:
    """Return the arguments as a line for a machine whose only console this is."""
    kept = [word for word in arguments if not word.startswith("console=")]
    return " ".join([*kept, f"console={console}"])


def _squashfs(arguments: Sequence[str]) -> str:
    """Return where the squashfs is on the medium: what dracut takes if nothing is said."""
    folder, name = "LiveOS", "squashfs.img"
    for word in arguments:
        key, _, value = word.partition("=")
        if key == "rd.live.dir":
            folder = value
        elif key == "rd.live.squashimg":
            name = value
    return re.sub("/+", "/", f"/{folder}/{name}")


def _from_memory(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the arguments, with the system in the initrd in place of a medium's label."""
    yield f"root=live:/{SYSTEM}"
    length = 0
    for word in arguments:
        length += len(word) + 1
        if not PLAIN.fullmatch(word) or length > LONGEST:
            raise _other(f"not every loader takes an argument of its menu: {word!r}"[:200])
        if not word.startswith("root="):
            yield word


def _there(medium: Medium, path: str) -> Record:
    if file := medium.find(path):
        return file
    raise _other(f"it has no {path!r}"[:200])


def _other(details: str) -> ArtifactError:
    return ArtifactError(
        "this live ISO cannot start without its medium",
        details=details,
        remedy="use a Kairos live ISO, or an image of the family",
    )
