"""Read what is on an ISO, without mounting it and without another program."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from pycdlib import PyCdlib
from pycdlib.pycdlibexception import PyCdlibException, PyCdlibInvalidInput

from abcd_run.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MENUS = ("/boot/grub2/grub.cfg", "/boot/grub/grub.cfg", "/EFI/BOOT/grub.cfg")


class Medium:
    """An open ISO; paths are as its Linux users see them."""

    def __init__(self, iso: PyCdlib) -> None:
        self._iso = iso

    def files(self) -> Iterator[str]:
        """List the paths of all files."""
        for folder, _, names in self._iso.walk(rr_path="/"):
            yield from (f"{folder.rstrip('/')}/{name}" for name in names)

    def copy(self, path: str, target: BinaryIO) -> bool:
        """Copy a file out; return False when there is none."""
        try:
            self._iso.get_file_from_iso_fp(target, rr_path=path)
        except PyCdlibInvalidInput:
            return False
        return True

    def text(self, path: str) -> str:
        """Return a small file's text, or "" when there is none."""
        content = io.BytesIO()
        self.copy(path, content)
        return content.getvalue().decode(errors="replace")

    def menu(self) -> str:
        """Return the first boot menu, or ""."""
        return next(filter(None, map(self.text, MENUS)), "")


@contextmanager
def opened(path: Path) -> Iterator[Medium]:
    """Open an ISO with Rock Ridge names, as every live ISO for Linux has them."""
    iso = PyCdlib()
    try:
        with path.open("rb") as file:
            iso.open_fp(file)
            if not iso.has_rock_ridge():
                raise ArtifactError(f"{path} has no Linux file names", details="no Rock Ridge")
            yield Medium(iso)
    except (PyCdlibException, OSError) as error:
        raise ArtifactError(f"cannot read {path} as an ISO", details=str(error)) from error
