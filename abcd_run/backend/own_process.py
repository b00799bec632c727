"""Start and end a process of ours that outlives the launch."""

import errno
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from abcd_run.backend.own_folder import OwnFolder
from abcd_run.errors import LaunchFailed, PortTaken

END_SECONDS, LOOK_SECONDS = 3.0, 0.005
START_SECONDS = 30.0
TAKEN = 98
"""The exit status of a process whose port is taken."""

if sys.platform == "win32":
    _ENDINGS = (signal.SIGTERM,)
else:
    _ENDINGS = (signal.SIGTERM, signal.SIGKILL)


def line(module: str, *words: str) -> list[str]:
    """Return the command line of a runtime's module, from wherever its package was imported."""
    package = find_spec(module.partition(".")[0])
    assert package
    assert package.origin
    # `-P` keeps the working folder, which may be anybody's, off the path.
    top = str(Path(package.origin).parents[1])
    run = f"import sys,runpy;sys.path+=[{top!r}];runpy.run_module({module!r},run_name='__main__')"
    return [sys.executable, "-P", "-c", run, *words]


def started(command: list[str], *, what: str) -> subprocess.CompletedProcess[str]:
    """Run a command that leaves a process behind; return once that listens, or could not.

    `what` names the process for people. Raises `LaunchFailed` if it takes too long.
    """
    try:
        return subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise not_started(what) from error


def not_started(what: str, details: str = "") -> LaunchFailed:
    """Return the error of a process that does not start, with what it said."""
    return LaunchFailed(
        f"{what} does not start", details=details.strip()[-1000:], remedy="abcd-run doctor"
    )


def taken(port: int) -> PortTaken:
    """Return the error of a port that is not free; 0 is any port."""
    return PortTaken(
        f"port {port} is already in use" if port else "there is no free port",
        remedy="let abcd-run choose the port, or pick another one",
        port=port or None,
    )


def end(there: OwnFolder) -> None:
    """End a process and wait until it is gone; no-op if it is."""
    for how in _ENDINGS:
        if not _send(there, how):
            return
        deadline = time.monotonic() + END_SECONDS
        while there.runs() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)


def _send(there: OwnFolder, how: signal.Signals) -> bool:
    """Send a signal; return False if nobody is there."""
    pid = there.started().get("pid")
    if not isinstance(pid, int) or pid <= 0 or not there.runs():
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
