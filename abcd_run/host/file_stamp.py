"""Recognise an unchanged file: its stamp differs if it was replaced, rewritten or truncated."""

import os
from pathlib import Path


def stamp(status: os.stat_result) -> list[str]:
    """Return values that identify one state of a file.

    A writer can reset a file's modification time, but not its change time.
    """
    return [
        str(number)
        for number in (
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
    ]


def stamp_of(path: Path) -> list[str]:
    """Return the stamp of the file that a path leads to."""
    return stamp(path.stat())
