"""Folders for work in progress; those whose maker was killed are detected and removed.

The maker holds a lock on its folder, which the kernel releases however the process ends.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from abcd_run.host import locks
from abcd_run.host.locks import Claim


@contextmanager
def held(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder with a unique name and remove it at the end; first remove abandoned ones."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    discard_abandoned(parent, prefix)
    folder, claim = _made(parent, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        claim.release()


def discard_abandoned(parent: Path, prefix: str) -> None:
    """Remove the folders with this prefix that no living process holds."""
    for folder in parent.glob(f"{prefix}*"):
        if claim := locks.claimed(folder):
            shutil.rmtree(folder, ignore_errors=True)
            claim.release()


def is_held(folder: Path) -> bool:
    """Say whether a living process holds a folder made by `held`."""
    try:
        return locks.is_claimed(folder)
    except OSError:  # gone
        return False


def _made(parent: Path, prefix: str) -> tuple[Path, Claim]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        if claim := locks.claimed(folder):
            return folder, claim
        # Another process that was cleaning up took it for abandoned and removed it.
