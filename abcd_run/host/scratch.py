"""Folders for what is just being made, which are found and removed when their maker was killed.

Whoever makes one holds a lock on it, which the kernel lets go when the process ends in any way.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder with a name of its own, and remove it at the end; first what others left."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    discard_abandoned(parent, prefix)
    folder, lock = _made(parent, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def discard_abandoned(parent: Path, prefix: str) -> None:
    """Remove the folders with this prefix that no living process holds."""
    for folder in parent.glob(f"{prefix}*"):
        lock = _locked(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def is_held(folder: Path) -> bool:
    """Say whether a living process holds a folder that `held` has made."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _made(parent: Path, prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _locked(folder)
        if lock is not None:
            return folder, lock
        # Somebody who tidies up was quicker, and has taken it for abandoned.


def _locked(folder: Path) -> int | None:
    """Return a descriptor that holds a folder, None where somebody else does or it is gone."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), folder.stat()):
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(lock)
    return None
