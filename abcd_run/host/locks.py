"""Locks between processes, held by the kernel and so gone with whoever held them.

Whoever may open a lock's file may hold it, so nobody else may: file and folder are the user's own.
What is open as a descriptor is locked by `taken` and `wait_for`, and let go by closing it. What it
means that something cannot be opened is for the callers to say.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from abcd_run.concurrency.cancel import current

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST_LOOK, SLOWEST_LOOK = 0.002, 0.1
"""Seconds between two looks at somebody else's lock: the first ones quick, then slower."""

PRIVATE, OTHERS = 0o700, 0o077


@contextmanager
def locked(file: Path, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold a lock on a file, which is made if need be and stays; yield whether it was got.

    Raises `Interrupted` when it is cancelled while somebody else has it.
    """
    descriptor = _opened_file(file)
    try:
        if wait:
            wait_for(descriptor, shared=shared)
        yield wait or taken(descriptor, shared=shared)
    finally:
        os.close(descriptor)


@contextmanager
def held(file: Path, *, shared: bool = False) -> Iterator[int]:
    """Wait for a lock and yield its file descriptor; who inherits that holds the lock too."""
    descriptor = _opened_file(file)
    try:
        wait_for(descriptor, shared=shared)
        yield descriptor
    finally:
        os.close(descriptor)


def _opened_file(file: Path) -> int:
    private_folder(file.parent)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def opened_folder(folder: Path) -> int:
    """Open a folder, to lock it. Raises `OSError`, also for a link to one."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def taken(descriptor: int, *, shared: bool = False) -> bool:
    """Lock what is open, unless somebody else has it; say whether it was got."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(descriptor: int, *, shared: bool = False) -> None:
    """Lock what is open as soon as nobody else has it. Raises `Interrupted`."""
    pause = FIRST_LOOK
    while not taken(descriptor, shared=shared):
        # A thread that the kernel has wait for a lock hears nothing.
        current().wait(pause)
        current().check()
        pause = min(pause * 2, SLOWEST_LOOK)


def is_held(descriptor: int) -> bool:
    """Say whether somebody else holds a lock on what is open, and close it."""
    try:
        return not taken(descriptor, shared=True)
    finally:
        os.close(descriptor)


def is_at(descriptor: int, path: Path) -> bool:
    """Say whether what is open still has this name: who held it may have renamed or removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def private_folder(folder: Path) -> None:
    """Make a folder of the user's own; one that is theirs, but open to others, is closed.

    Whoever may open a file may lock it, and so hold up everybody who waits for that lock.
    """
    for missing in [one for one in (folder, *folder.parents) if not one.exists()][::-1]:
        missing.mkdir(mode=PRIVATE, exist_ok=True)
    status = folder.stat()
    if status.st_uid == os.geteuid() and status.st_mode & OTHERS:
        folder.chmod(PRIVATE)
