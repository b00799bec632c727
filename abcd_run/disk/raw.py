"""A raw disk from a live ISO: a hybrid one starts as a disk, by BIOS and by UEFI."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from abcd_run.concurrency.cancel import check
from abcd_run.disk import gpt
from abcd_run.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

CHUNK: Final = 1 << 20
"""Of a copy; and what a disk's size is a multiple of, which suits every hypervisor."""


def write(iso: Path, out: Path) -> None:
    """Write an ISO as a disk of whole MiB. Raises `ArtifactError`, or `OSError` for the disk."""
    with iso.open("rb") as source, out.open("wb+") as file:
        try:
            table = _checked(source)
        except gpt.Damaged as error:
            raise ArtifactError(
                f"{iso.name} cannot become a disk",
                details=str(error),
                remedy="fetch or build the ISO again",
            ) from error
        size = _copy(source, file)
        file.truncate(size)
        if table:
            gpt.write(file, table, sectors=size // gpt.SECTOR)


def _checked(source: BinaryIO) -> gpt.Table | None:
    """Return the partition table of a hybrid ISO, None if it has only the old kind."""
    start = source.read(gpt.SECTOR)
    # Code for a BIOS, and the mark without which it starts none.
    if not any(start[:440]) or start[510:] != b"\x55\xaa":
        raise ArtifactError(
            "this live ISO starts from a CD alone, not from a disk",
            details="it has no boot sector: it is not a hybrid ISO",
            remedy="abcd-run artifact IMAGE --to iso -o FILE.iso, and attach it as a CD",
        )
    return gpt.read(source)


def _copy(source: BinaryIO, file: BinaryIO) -> int:
    """Copy an ISO to a file; return its length in whole MiB, in bytes."""
    source.seek(0)
    size = 0
    while piece := source.read(CHUNK):
        check()
        size += len(piece)
        file.write(piece)
    return -(-size // CHUNK) * CHUNK
