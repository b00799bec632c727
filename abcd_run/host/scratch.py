"""Folders for work in progress; those whose maker was killed are detected and removed.

The maker holds a lock on its folder, which the kernel releases however the process ends.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from abcd_run.host import locks


@contextmanager
def held(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder with a unique name and remove it at the end; first remove abandoned ones."""
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
    """Say whether a living process holds a folder made by `held`."""
    try:
        opened = locks.opened_folder(folder)
    except OSError:  # gone, or not made by `held`
        return False
    return locks.is_held(opened)


def _made(parent: Path, prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _locked(folder)
        if lock is not None:
            return folder, lock
        # Another process that was cleaning up took it for abandoned and removed it.


def _locked(folder: Path) -> int | None:
    """Return a descriptor that holds a folder; None if it is gone or another process holds it."""
    try:
        opened = locks.opened_folder(folder)
    except OSError:
        return None
    if locks.taken(opened) and locks.is_at(opened, folder):
        return opened
    os.close(opened)
    return None
