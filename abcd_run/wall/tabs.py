"""Screens in a browser's tab: noVNC from this host's package, and what to install for it."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

from abcd_run import limits
from abcd_run.model import Instance
from abcd_run.viewing import viewer

NOVNC = Path("/usr/share/novnc")
"""Where Debian's and Fedora's packages put it."""

CLIENT = "core/rfb.js"
PART = re.compile(r"(?:core|vendor)(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+\.js", re.ASCII)
"""The parts of noVNC that the page loads: not its own pages, and nothing outside of its folder."""

LIBRARY = "wsproto"


def missing() -> str:
    """Return what to type before screens can be shown in a tab; empty if they can."""
    wanted = {
        "sudo apt install novnc": (NOVNC / CLIENT).is_file(),
        "pip install 'abcd-run[wall]'": find_spec(LIBRARY) is not None,
    }
    return " && ".join(line for line, here in wanted.items() if not here)


def has_screen(instance: Instance) -> bool:
    """Say whether an instance has a screen that a tab could show now."""
    return bool(instance.running and not instance.silent and viewer.vnc_socket(instance))


def part(path: str) -> bytes | None:
    """Return a part of noVNC; None if there is no such part."""
    if not PART.fullmatch(path):
        return None
    try:
        with (NOVNC / path).open("rb") as file:
            return file.read(limits.TEXT_BYTES)
    except OSError:
        return None


class Tabs:
    """The screens that a wall shows in tabs, `limits.TABS` at most; they end with it."""

    def __init__(self) -> None:
        self._lock, self._ended = Lock(), False
        self._browsers: set[socket.socket] = set()

    @contextmanager
    def entered(self, browser: socket.socket) -> Iterator[bool]:
        """Count a browser's connection; yield False if it is one too many."""
        with self._lock:
            free = not self._ended and len(self._browsers) < limits.TABS
            if free:
                self._browsers.add(browser)
        try:
            yield free
        finally:
            with self._lock:
                self._browsers.discard(browser)

    def end(self) -> None:
        """Hang up on all browsers, now and later."""
        with self._lock:
            self._ended = True
            for browser in self._browsers:
                with suppress(OSError):  # it has gone already
                    browser.shutdown(socket.SHUT_RDWR)
