"""Convert a raw disk by QEMU's own program."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Final

from abcd_run.concurrency.cancel import current
from abcd_run.errors import ArtifactError
from abcd_run.host import install
from abcd_run.iso import tools

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM: Final = "qemu-img"
FULL: Final = os.strerror(errno.ENOSPC)


def require() -> None:
    """Raise `ArtifactError` if qemu-img is not here."""
    if not shutil.which(PROGRAM):
        raise ArtifactError(
            "this host cannot convert disks",
            details=f"missing: {PROGRAM}",
            remedy=install.line("qemu-utils"),
        )


def convert(raw: Path, out: Path, form: str, *options: str) -> None:
    """Write a raw disk in another format of qemu-img, with its `-o` options.

    Raises `ArtifactError`, or `OSError` if the disk is full.
    """
    require()
    # One request after the other: in parallel, blocks lie in the file as they happen to be ready.
    line: list[str | Path] = [PROGRAM, "convert", "-m", "1", "-f", "raw", "-O", form]
    line += ["-o", ",".join(options)] if options else []
    try:
        # As a path that begins with "/", no name is one of QEMU's protocols or options.
        tools.run([*line, raw.absolute(), out.absolute()], epoch=0, cancel=current())
    except ArtifactError as error:
        if FULL in error.details:
            raise OSError(errno.ENOSPC, FULL) from error
        raise
