"""Locks between processes, held by the kernel and so gone with whoever held them."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from abcd_run.cancel import current

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
    file.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _lock(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, wait=wait)
    finally:
        os.close(fd)


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
