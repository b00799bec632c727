"""Know a file again: what differs when it was replaced, rewritten or cut off since."""

import os
from pathlib import Path


def stamp(status: os.stat_result) -> list[str]:
    """Return what tells a state of a file from all others.

    Whoever writes to a file may set its modification time back, but not the time of its change.
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
