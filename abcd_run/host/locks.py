"""Locks between processes, held by the kernel and so gone with whoever held them.

Whoever may open a lock's file may hold it, so nobody else may: file and folder are the user's own.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from abcd_run.concurrency.cancel import current
from abcd_run.host.part_file import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST_LOOK, SLOWEST_LOOK = 0.002, 0.1
"""Seconds between two looks at somebody else's lock: the first ones quick, then slower."""


@contextmanager
def locked(file: Path, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold a lock on a file, which is made if need be and stays; yield whether it was got.

    Raises `Interrupted` when it is cancelled while somebody else has it.
    """
    fd = _opened(file)
    try:
        yield _lock(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, wait=wait)
    finally:
        os.close(fd)


@contextmanager
def held(file: Path, *, shared: bool = False) -> Iterator[int]:
    """Wait for a lock and yield its file descriptor; who inherits that holds the lock too."""
    fd = _opened(file)
    try:
        _lock(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, wait=True)
        yield fd
    finally:
        os.close(fd)


def _opened(file: Path) -> int:
    private_folder(file.parent)
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    os.fchmod(fd, 0o600)
    return fd


def _lock(fd: int, kind: int, *, wait: bool) -> bool:
    pause = FIRST_LOOK
    while True:
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                return False
        else:
            return True
        # A thread that the kernel has wait for a lock hears nothing.
        current().wait(pause)
        current().check()
        pause = min(pause * 2, SLOWEST_LOOK)
