"""Locks between processes; the kernel releases them when their holder ends.

Anyone who can open a lock's file can hold it, so file and folder are private to the user.
`taken` and `wait_for` lock an open descriptor; closing it releases the lock. Callers decide what it
means if something cannot be opened.
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
"""Seconds between two checks of another's lock: frequent at first, then slower."""

PRIVATE, OTHERS = 0o700, 0o077


@contextmanager
def locked(file: Path, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold a lock on a file, which is created if needed and kept; yield whether it was acquired.

    Raises `Interrupted` if cancelled while another process holds it.
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
    """Wait for a lock and yield its file descriptor; a process that inherits it holds the lock."""
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
    """Try to lock an open descriptor; say whether the lock was acquired."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(descriptor: int, *, shared: bool = False) -> None:
    """Lock an open descriptor as soon as it is free. Raises `Interrupted`."""
    pause = FIRST_LOOK
    while not taken(descriptor, shared=shared):
        # A thread that blocks in the kernel for a lock cannot be cancelled.
        current().wait(pause)
        current().check()
        pause = min(pause * 2, SLOWEST_LOOK)


def is_held(descriptor: int) -> bool:
    """Say whether another process holds a lock on an open descriptor, and close it."""
    try:
        return not taken(descriptor, shared=True)
    finally:
        os.close(descriptor)


def is_at(descriptor: int, path: Path) -> bool:
    """Say whether an open file still has this name: a holder may have renamed or removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def private_folder(folder: Path) -> None:
    """Make a private folder; if it belongs to the user but is open to others, close it to them.

    Anyone who can open a file can lock it, and so block everyone who waits for that lock.
    """
    for missing in [path for path in (folder, *folder.parents) if not path.exists()][::-1]:
        missing.mkdir(mode=PRIVATE, exist_ok=True)
    status = folder.stat()
    if status.st_uid == os.geteuid() and status.st_mode & OTHERS:
        folder.chmod(PRIVATE)
