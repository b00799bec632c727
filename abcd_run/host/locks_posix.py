"""A lock on an open file or folder, by `flock`; closing it, in whatever way, releases the lock."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Self

from abcd_run.host.open_flags import NOFOLLOW

if TYPE_CHECKING:
    from pathlib import Path


class Lock:
    """An open file or folder, which it closes."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def taken(self, *, shared: bool) -> bool:
        """Try to lock it; say whether the lock was acquired."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self.descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def is_at(self, path: Path) -> bool:
        """Say whether the path leads to it."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), path.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Release the lock."""
        os.close(self.descriptor)


def opened(file: Path) -> Lock:
    """Open a private file to lock it; it is created if needed. Raises `OSError`."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    return Lock(descriptor)


def opened_at(path: Path) -> Lock:
    """Open an existing file or folder to lock it. Raises `OSError`, also for a link to one."""
    try:
        # On NFS, a file has one holder only if it is open for writing.
        return Lock(os.open(path, os.O_RDWR | os.O_NONBLOCK | NOFOLLOW))
    except IsADirectoryError:
        return Lock(os.open(path, os.O_RDONLY | NOFOLLOW))
