"""Folders for what is just being made, which are found and removed when their maker was killed.

Whoever makes one holds a lock on it, which the kernel lets go when the process ends in any way.
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
        opened = locks.opened_folder(folder)
    except OSError:  # gone, or nothing that `held` has made
        return False
    return locks.is_held(opened)


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
        opened = locks.opened_folder(folder)
    except OSError:
        return None
    if locks.taken(opened) and locks.is_at(opened, folder):
        return opened
    os.close(opened)
    return None
