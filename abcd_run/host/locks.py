"""Locks between processes; the system releases them when their holder ends.

Anyone who can open a lock's file can hold it, so file and folder are private to the user. Callers
decide what it means if something cannot be opened.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abcd_run.concurrency.cancel import current

if sys.platform == "win32":
    from abcd_run.host import locks_windows as system
else:
    from abcd_run.host import locks_posix as system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FIRST_LOOK, SLOWEST_LOOK = 0.002, 0.1
"""Seconds between two checks of another's lock: frequent at first, then slower."""

PRIVATE, OTHERS = 0o700, 0o077


@dataclass(frozen=True, slots=True)
class Claim:
    """A file or folder that nobody else works on, until `release` or the end of this process."""

    is_at_path: Callable[[], bool]
    """Says whether its path still leads to it: a holder may have renamed or removed it."""

    release: Callable[[], None]


@contextmanager
def locked(file: Path, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold a lock on a file, which is created if needed and kept; yield whether it was acquired.

    Raises `Interrupted` if cancelled while another process holds it.
    """
    private_folder(file.parent)
    with system.opened(file) as lock:
        if wait:
            _wait_for(lock, shared=shared)
        yield wait or lock.taken(shared=shared)


@contextmanager
def held(file: Path, *, shared: bool = False) -> Iterator[int]:
    """Wait for a lock and yield its file descriptor; a process that inherits it holds the lock."""
    private_folder(file.parent)
    with system.opened(file) as lock:
        _wait_for(lock, shared=shared)
        yield lock.descriptor


def claimed(path: Path, *, wait: bool = False) -> Claim | None:
    """Claim a file or folder; None if it is gone or another process holds it.

    Raises `OSError` if its file system knows no locks, and `Interrupted`.
    """
    try:
        lock = system.opened_at(path)
    except OSError:
        return None
    try:
        if wait:
            _wait_for(lock, shared=False)
        if (wait or lock.taken(shared=False)) and lock.is_at(path):
            return Claim(lambda: lock.is_at(path), lock.close)
    except BaseException:
        lock.close()
        raise
    lock.close()
    return None


def is_claimed(path: Path) -> bool:
    """Say whether a living process holds a file or folder. Raises `OSError` if there is none."""
    with system.opened_at(path) as lock:
        return not lock.taken(shared=True)


def _wait_for(lock: system.Lock, *, shared: bool) -> None:
    pause = FIRST_LOOK
    while not lock.taken(shared=shared):
        # A thread that blocks in the kernel for a lock cannot be cancelled.
        current().wait(pause)
        current().check()
        pause = min(pause * 2, SLOWEST_LOOK)


def private_folder(folder: Path) -> None:
    """Make a private folder; if it belongs to the user but is open to others, close it to them.

    Anyone who can open a file can lock it, and so block everyone who waits for that lock.
    """
    for missing in [path for path in (folder, *folder.parents) if not path.exists()][::-1]:
        missing.mkdir(mode=PRIVATE, exist_ok=True)
    if sys.platform == "win32":
        return  # a person's folders are closed to others there
    status = folder.stat()
    if status.st_uid == os.geteuid() and status.st_mode & OTHERS:
        folder.chmod(PRIVATE)
