"""Open an address in the user's browser without revealing a secret one to the host's other users.

A browser takes its address as an argument, and every user can see the arguments of every program.
We refuse connections from other users, but someone who saw the address could pass it to a guest of
this user, which could then connect. So we give the browser a file that only its user can read and
that redirects to the address, as Jupyter does. A POST or a fragment would have to be an argument
too.

Some browsers cannot use such a file: one from a snap cannot see the folder, and if another program
opens HTML files, that would start instead. Those browsers get the address itself, and so does one
that does not fetch the page within `FILE_SECONDS`.
"""

import html
import os
import shlex
import shutil
import subprocess
import time
import webbrowser
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from abcd_run.host import scratch, xdg
from abcd_run.viewing import handover

FILE_SECONDS = 10.0
"""How long a browser may take to follow the file before we give it the address."""

START_SECONDS = 3.0
"""How long a program may take to pass an address on; some stay until the browser exits."""

ASK_SECONDS = 5.0
LOOK_SECONDS = 0.1

SNAPS = Path("/var/lib/snapd/desktop/applications")
SNAP = Path("/usr/bin/snap")

PREFIX = "look-"

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>abcd-run</title>
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}"></head>
<body><p><a href="{address}">Go on</a></p></body></html>
"""


def open_plain(url: str) -> None:
    """Open an address that anyone may see."""
    started = _start(url)
    until = time.monotonic() + START_SECONDS
    while not started.done() and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)


def open_secret(url: str) -> None:
    """Open an address that only this user may see; wait until the browser fetches it or fails."""
    with handover.one_look(url) as look:
        if takes_files():
            with _file(look.address) as page:
                if _sent(look, page.as_uri(), time.monotonic() + FILE_SECONDS):
                    return
        _sent(look, look.address, look.until)


def _sent(look: handover.Look, address: str, until: float) -> bool:
    """Send the browser to an address; say whether it fetched the page by `until`."""
    started = _start(address)
    while not look.wait(min(until, time.monotonic() + LOOK_SECONDS)):
        no_browser = started.done() and not started.result()
        if no_browser or time.monotonic() >= min(until, look.until):
            return False
    return True


def _start(address: str) -> Future[bool]:
    """Start the browser in its own thread, since some browsers block until they exit."""
    started: Future[bool] = Future()

    def start() -> None:
        try:
            started.set_result(webbrowser.open(address))
        except Exception:  # noqa: BLE001  (a $BROWSER may fail in any way; nothing was shown)
            started.set_result(False)

    Thread(target=start, daemon=True).start()
    return started


@contextmanager
def _file(address: str) -> Iterator[Path]:
    """Write the file that redirects to an address, readable by this user only."""
    with scratch.held(_folder(), PREFIX) as folder:
        path = folder / "page.html"
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(PAGE.format(address=html.escape(address)))
        yield path


def prune() -> None:
    """Remove the files that killed processes left behind."""
    scratch.discard_abandoned(_folder(), PREFIX)


def _folder() -> Path:
    session = xdg.runtime_dir()
    return session / "abcd-run" / "look" if session else xdg.cache() / "look"


def takes_files() -> bool:
    """Say whether an HTML file opens in the user's browser, and whether the browser can read it."""
    if chosen := os.environ.get("BROWSER", "").partition(os.pathsep)[0]:
        program = shutil.which(_first_word(chosen))
        return program is not None and Path(program).resolve() != SNAP
    if not shutil.which("xdg-mime"):
        return True
    asked = [_program_for(kind) for kind in ("text/html", "x-scheme-handler/http")]
    return bool(asked[0]) and asked[0] == asked[1] and not (SNAPS / asked[0]).exists()


def _first_word(line: str) -> str:
    try:
        return next(iter(shlex.split(line)), "")
    except ValueError:  # unbalanced quotes
        return ""


def _program_for(kind: str) -> str:
    """Return the desktop name of the program that opens a MIME type; empty if unknown."""
    try:
        asked = subprocess.run(
            ["xdg-mime", "query", "default", kind],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    name = asked.stdout.strip()
    return name if name == os.path.basename(name) else ""  # noqa: PTH119  (a name, not a path)
