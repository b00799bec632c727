"""One initrd that carries the system: the live session's own, and an archive behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from abcd_run.concurrency.cancel import check
from abcd_run.errors import ArtifactError
from abcd_run.kernel.cpio import Archive
from abcd_run.kernel.parts import SYSTEM
from abcd_run.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from abcd_run.iso.disc import Record
    from abcd_run.iso.medium import Medium
    from abcd_run.kernel.parts import Parts

    Say = Callable[[str], None]

LARGEST: Final = (1 << 31) - (64 << 20)
"""Bytes: a kernel for x86 takes its initrd below 2 GiB, where firmware has its tables too."""

SEED: Final = "abcd-seed"
"""The seed's name in the initrd, where an image of the family looks for it."""

HOOKS: Final = "usr/lib/dracut/hooks/pre-pivot"
HOOK: Final = f"{HOOKS}/90-abcd-seed.sh"
"""What an initrd of dracut runs before it starts the system; another initrd does not look there."""

HANDS_OVER: Final = b"mkdir -p /run/abcd\n(umask 077 && cat /abcd-seed >/run/abcd/seed)\n"


def write(medium: Medium, parts: Parts, out: Path, *, seed: bytes, say: Say) -> None:
    """Write the initrd, for its owner alone if there is a seed in it. Raises `ArtifactError`."""
    whole = parts.initrd.size + parts.system.size
    if whole > LARGEST:
        raise ArtifactError(
            f"{format_size(whole)} is too much for an initrd",
            details=f"a kernel takes at most {format_size(LARGEST)}",
            remedy="abcd-run artifact IMAGE --to iso -o FILE.iso, and start from that",
        )
    out.touch(0o600 if seed else 0o666)
    with out.open("wb") as file:
        for piece in _told(medium, parts.initrd, 0, whole, say):
            file.write(piece)
        archive = Archive(file, before=parts.initrd.size)
        if seed:
            _add_seed(archive, seed)
        pieces = _told(medium, parts.system, parts.initrd.size, whole, say)
        archive.file(SYSTEM, pieces, size=parts.system.size)
        archive.end()


def copy(medium: Medium, file: Record, out: Path) -> None:
    """Copy a file of the medium."""
    with out.open("wb") as target:
        for piece in medium.pieces(file):
            check()
            target.write(piece)


def _add_seed(archive: Archive, seed: bytes) -> None:
    archive.file(SEED, [seed], size=len(seed), mode=0o400)
    parent = ""
    for word in HOOKS.split("/"):
        parent = f"{parent}/{word}".lstrip("/")
        archive.folder(parent)
    archive.file(HOOK, [HANDS_OVER], size=len(HANDS_OVER))


def _told(medium: Medium, file: Record, done: int, whole: int, say: Say) -> Iterator[bytes]:
    """Yield a file's content, and tell how much of the whole initrd is written."""
    for piece in medium.pieces(file):
        check()
        yield piece
        done += len(piece)
        say(f"writing the initrd: {format_size(done)} of {format_size(whole)}")
