"""A lock on a file of its own, beside what it protects.

Windows cannot lock a folder, and lets nobody read or rename a file that is locked. Nor do its lock
files know a shared lock: there is one holder at a time.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Self

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from pathlib import Path


class Lock:
    """A lock's file; `remove` says whether it goes with the lock."""

    descriptor = -1
    """No program can inherit the lock here."""

    def __init__(self, file: Path, *, remove: bool) -> None:
        self._file, self._remove = file, remove
        self._lock = FileLock(file, mode=0o600, thread_local=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def taken(self, *, shared: bool) -> bool:
        """Try to lock it; say whether the lock was acquired."""
        del shared
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        return True

    def is_at(self, path: Path) -> bool:
        """Say whether the path leads to what it protects: nobody renames that but its holder."""
        return path.exists()

    def close(self) -> None:
        """Release the lock."""
        held = self._lock.is_locked
        self._lock.release()
        if held and self._remove:
            with suppress(OSError):  # another process has just opened it
                self._file.unlink()


def opened(file: Path) -> Lock:
    """Open a file to lock it; it is created if needed."""
    return Lock(file, remove=False)


def opened_at(path: Path) -> Lock:
    """Open the lock of an existing file or folder. Raises `OSError`."""
    path.stat()
    return Lock(path.with_name(f".{path.name}.lock"), remove=True)
