"""Open an address in the user's browser; no other user of the host gets to know a secret one.

Every user sees the arguments of every program, and a browser is given its address as one. Who knows
an address of ours is refused when the connection is not this user's, yet a guest of this user could
ask there in his place, told the address by somebody who saw it. So the browser is given a file that
only its user can read, which leads on to the address; that is what Jupyter does as well. A POST or
a fragment would have to be an argument, too.

Some browsers cannot be led like this: one from a snap sees no such folder, and where another
program is the one for files of HTML, that would open. Those get the address itself, and so does
one that does not come within `FILE_SECONDS`.
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
"""How long a browser may take to follow the file, before it is given the address."""

START_SECONDS = 3.0
"""How long a program may take to hand an address to a browser: some stay until that ends."""

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
    """Open an address that everybody may see."""
    started = _start(url)
    until = time.monotonic() + START_SECONDS
    while not started.done() and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)


def open_secret(url: str) -> None:
    """Open an address that only this user may see; wait until the browser has it, or gave up."""
    with handover.one_look(url) as look:
        if takes_files():
            with _file(look.address) as page:
                if _led(look, page.as_uri(), time.monotonic() + FILE_SECONDS):
                    return
        _led(look, look.address, look.until)


def _led(look: handover.Look, address: str, until: float) -> bool:
    """Lead the browser to an address; say whether it came for the page until then."""
    started = _start(address)
    while not look.wait(min(until, time.monotonic() + LOOK_SECONDS)):
        no_browser = started.done() and not started.result()
        if no_browser or time.monotonic() >= min(until, look.until):
            return False
    return True


def _start(address: str) -> Future[bool]:
    """Start the browser in a thread of its own, which lasts as long as some browsers do."""
    started: Future[bool] = Future()

    def start() -> None:
        try:
            started.set_result(webbrowser.open(address))
        except Exception:  # noqa: BLE001  (whatever a $BROWSER can bring about: it shows nothing)
            started.set_result(False)

    Thread(target=start, daemon=True).start()
    return started


@contextmanager
def _file(address: str) -> Iterator[Path]:
    """Write the file that leads to an address, for this user alone."""
    with scratch.held(_folder(), PREFIX) as folder:
        path = folder / "page.html"
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(PAGE.format(address=html.escape(address)))
        yield path


def prune() -> None:
    """Remove the files of looks whose process was killed."""
    scratch.discard_abandoned(_folder(), PREFIX)


def _folder() -> Path:
    session = xdg.runtime_dir()
    return session / "abcd-run" / "look" if session else xdg.cache() / "look"


def takes_files() -> bool:
    """Say whether it is the user's browser that a file of HTML opens in, and whether it can."""
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
    except ValueError:  # quotes that do not close
        return ""


def _program_for(kind: str) -> str:
    """Return the desktop's name of the program that opens a kind of thing, empty if unknown."""
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
    return name if name == os.path.basename(name) else ""  # noqa: PTH119  (a word, not a path)
