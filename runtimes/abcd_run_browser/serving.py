"""Start and end the server of an instance."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from abcd_run.errors import LaunchFailed, PortTaken
from abcd_run_browser.folder import Folder

END_SECONDS, LOOK_SECONDS = 3.0, 0.005
START_SECONDS = 30.0
TAKEN = 98
"""The exit status of a server whose port is taken."""


def line(module: str, *words: str) -> list[str]:
    """Return the command line of one of our modules, from wherever this one was imported."""
    # `-P` keeps the working folder, which may be anybody's, off the path.
    top = str(Path(__file__).parents[1])
    run = f"import sys,runpy;sys.path+=[{top!r}];runpy.run_module({module!r},run_name='__main__')"
    return [sys.executable, "-P", "-c", run, *words]


def start(there: Folder) -> None:
    """Start a server, which outlives us; return when it listens.

    Raises `PortTaken` or `LaunchFailed`.
    """
    try:
        ended = subprocess.run(
            line("abcd_run_browser.server", str(there.path)),
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise LaunchFailed(f"the server of {there.name} does not start") from error
    if ended.returncode == TAKEN:
        spec = there.spec()
        port = spec.port if spec else 0
        raise PortTaken(
            f"port {port} is already in use" if port else "there is no free port",
            remedy="let abcd-run choose the port, or pick another one",
            port=port or None,
        )
    if ended.returncode:
        raise LaunchFailed(
            f"the server of {there.name} does not start",
            details=ended.stderr.strip(),
            remedy="abcd-run doctor",
        )


def end(there: Folder) -> None:
    """End a server and wait until it is gone; no-op if it is."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if not _send(there, how):
            return
        deadline = time.monotonic() + END_SECONDS
        while there.runs() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)


def _send(there: Folder, how: signal.Signals) -> bool:
    """Send a signal; return False if nobody is there."""
    pid = int(there.started().get("pid", 0))
    if not pid or not there.runs():
        return False
    try:
        if sys.platform == "linux":
            # Only the holder of the lock wrote the pid: if it still holds it, the handle is its.
            handle = os.pidfd_open(pid)
            try:
                if there.runs():
                    signal.pidfd_send_signal(handle, how)
            finally:
                os.close(handle)
        else:
            os.kill(pid, how)
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise
        return False
    return True
