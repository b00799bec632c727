"""The file system for what a person saves, in a sparse file that is written on a stick."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final

from abcd_run.errors import UsageError
from abcd_run.host import install, programs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LABEL: Final = "ABCD_PERSISTENT"
"""What the images look for. Not Kairos' COS_PERSISTENT: a Kairos that is installed on the machine
would take the stick's for its own."""

PROGRAM: Final = "mkfs.ext4"
LARGE: Final = 512 << 20
"""Bytes from which on there is room for a journal of 16 MiB; a smaller one has 4 MiB."""


def program() -> str:
    """Return what makes it, which is not on every user's PATH. Raises `UsageError`."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    if (made := shutil.which(PROGRAM, path=path)) is None:
        raise UsageError(
            f"--persist needs {PROGRAM}, which is not installed", remedy=install.line("e2fsprogs")
        )
    return made


def make(file: Path, size: int, *, say: Callable[[str], None]) -> None:
    """Make a file system of `size` bytes in a new file. Raises `ArtifactError`.

    The journal is written whole, as zeros: what a stick had there before could be taken for a part
    of it after a crash. A twentieth would be root's; a hundredth is enough to let a person in.
    """
    with file.open("wb") as empty:
        empty.truncate(size)
    journal = f"size={16 if size >= LARGE else 4}"
    line = [program(), "-q", "-F", "-L", LABEL, "-m", "1", "-J", journal, str(file)]
    # Without this it would leave a hole for zeros.
    environment = {**os.environ, "UNIX_IO_NOZEROOUT": "1"}
    programs.run(line, doing=PROGRAM, say=say, environment=environment)
