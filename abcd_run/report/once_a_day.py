"""What is true of every launch on this host is said once a day; `doctor` says it whenever asked.

The cache has an empty file for each text, named by its checksum; its time is when it was said.
"""

import time
import zlib
from contextlib import suppress
from pathlib import Path

from abcd_run.host import xdg

DAY_SECONDS = 24 * 60 * 60


def due(text: str) -> bool:
    """Say whether to say a text now, and remember that it was said.

    If the cache cannot be used, it is always due.
    """
    folder = xdg.cache() / "said"
    stamp = folder / f"{zlib.crc32(text.encode(errors='replace')):08x}"
    now = time.time()
    if _is_recent(stamp, now):
        return False
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _forget(folder, now)
        stamp.touch()
    return True


def _forget(folder: Path, now: float) -> None:
    """Remove old stamps, so that they do not pile up."""
    for one in folder.iterdir():
        if not _is_recent(one, now):
            one.unlink(missing_ok=True)


def _is_recent(stamp: Path, now: float) -> bool:
    """Say whether a stamp is of the last day; one of the future is of a clock that was wrong."""
    try:
        return 0 <= now - stamp.stat().st_mtime < DAY_SECONDS
    except OSError:
        return False
