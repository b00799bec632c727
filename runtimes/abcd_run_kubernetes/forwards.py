"""Start and end the process that forwards ports of this host to a pod."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from abcd_run.errors import LaunchFailed, PortTaken
from abcd_run_kubernetes.folder import Folder

END_SECONDS, LOOK_SECONDS = 3.0, 0.005
START_SECONDS = 30.0
TAKEN = 98
"""The exit status of a forward with a port that is taken; it prints the port."""


def line(*words: str) -> list[str]:
    """Return the command line of the process, from wherever this module was imported."""
    # `-P` keeps the working folder, which may be anybody's, off the path.
    top, module = str(Path(__file__).parents[1]), "abcd_run_kubernetes.forwarding"
    run = f"import sys,runpy;sys.path+=[{top!r}];runpy.run_module({module!r},run_name='__main__')"
    return [sys.executable, "-P", "-c", run, *words]


def start(there: Folder) -> None:
    """Start a forward, which outlives us; return when it listens. No-op if it does already.

    Raises `PortTaken` or `LaunchFailed`.
    """
    if there.runs():
        return
    try:
        ended = subprocess.run(
            line(str(there.path)),
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise LaunchFailed("the forward to the instance does not start") from error
    if ended.returncode == TAKEN:
        port = int(ended.stdout or 0)
        raise PortTaken(
            f"port {port} is already in use" if port else "there is no free port",
            remedy="let abcd-run choose the port, or pick another one",
            port=port or None,
        )
    if ended.returncode and not there.runs():
        raise LaunchFailed(
            "the forward to the instance does not start",
            details=ended.stderr.strip()[-1000:],
            remedy="abcd-run doctor",
        )


def end(there: Folder) -> None:
    """End a forward and remove its folder; no-op if it is gone."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if not _send(there, how):
            break
        deadline = time.monotonic() + END_SECONDS
        while there.runs() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
    there.remove()


def _send(there: Folder, how: signal.Signals) -> bool:
    """Send a signal; return False if nobody is there."""
    pid = there.pid()
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
