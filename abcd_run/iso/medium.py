"""Read an ISO without mounting it and without another program.

It may be malicious: `limits` says how much of it is read.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from abcd_run import limits
from abcd_run.errors import ArtifactError
from abcd_run.host import regular_file
from abcd_run.iso.disc import Disc, Malformed, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MENUS = ("/boot/grub2/grub.cfg", "/boot/grub/grub.cfg", "/EFI/BOOT/grub.cfg")
CHUNK = 1 << 20


class Medium:
    """An open ISO, with paths as Linux users see them. Any method may raise `Malformed`."""

    def __init__(self, file: BinaryIO) -> None:
        self.status = os.fstat(file.fileno())
        self._disc = Disc(file)
        self._text_left = limits.ISO_TEXT_BYTES

    def files(self) -> Iterator[tuple[str, Record]]:
        """List all files with their paths."""
        yield from self._files("", self._disc.root, seen={self._disc.root.start}, depth=0)

    def find(self, path: str) -> Record | None:
        """Return the file at a path, or None if there is none."""
        record: Record | None = self._disc.root
        for word in filter(None, path.split("/")):
            if record is None or not record.is_folder:
                return None
            record = next((one for one in self._disc.records(record) if one.name == word), None)
        return record if record and record.is_file else None

    def pieces(self, file: Record) -> Iterator[bytes]:
        """Yield a file's content, piece by piece."""
        end = file.start + file.size
        for start in range(file.start, end, CHUNK):
            yield self._disc.read(start, min(CHUNK, end - start))

    def text_of(self, file: Record) -> str:
        """Return a file's text."""
        self._text_left -= file.size
        if file.size > limits.TEXT_BYTES or self._text_left < 0:
            raise Malformed(f"{file.name!r} has more text than the limit for an ISO")
        return self._disc.read(file.start, file.size).decode(errors="replace")

    def text(self, path: str) -> str:
        """Return a small file's text, or "" if there is none."""
        file = self.find(path)
        return self.text_of(file) if file else ""

    def menu(self) -> str:
        """Return the first boot menu, or ""."""
        return next(filter(None, map(self.text, MENUS)), "")

    def _files(
        self, path: str, folder: Record, *, seen: set[int], depth: int
    ) -> Iterator[tuple[str, Record]]:
        if depth > limits.ISO_DEPTH:
            raise Malformed("its folders are nested too deep")
        for record in self._disc.records(folder):
            if record.is_file:
                yield f"{path}/{record.name}", record
            elif record.is_folder and record.start not in seen:
                seen.add(record.start)
                below = f"{path}/{record.name}"
                yield from self._files(below, record, seen=seen, depth=depth + 1)


@contextmanager
def opened(path: Path) -> Iterator[Medium]:
    """Open an ISO with Rock Ridge names, as every live ISO for Linux has them.

    Raises `ArtifactError`, also for damage found inside the `with` block.
    """
    try:
        with regular_file.opened(path) as file:
            yield Medium(file)
    except (Malformed, OSError) as error:
        raise ArtifactError(
            f"cannot read {path} as an ISO",
            details=str(error),
            remedy="use another ISO, or fetch it again",
        ) from error
