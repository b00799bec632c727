"""What runs on this host, as psutil sees it."""

from collections.abc import Iterator
from contextlib import suppress

import psutil


def argument_lists() -> Iterator[list[str]]:
    """Yield the argument lists of all processes, as every user can read them."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended meanwhile
            yield process.cmdline()


def runs_with(text: str) -> bool:
    """Say whether a process runs that has a text in its arguments."""
    return any(text in word for words in argument_lists() for word in words)


def lives(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be asked how it ended does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
