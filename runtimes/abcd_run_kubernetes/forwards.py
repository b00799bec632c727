"""Start and end the process that forwards ports of this host to a pod."""

from abcd_run.backend import own_process
from abcd_run_kubernetes.folder import Folder

WHAT = "the forward to the instance"


def start(there: Folder) -> None:
    """Start a forward, which outlives us; return when it listens. No-op if it does already.

    Raises `PortTaken` or `LaunchFailed`.
    """
    if there.runs():
        return
    command = own_process.line("abcd_run_kubernetes.forwarding", str(there.path))
    ended = own_process.started(command, what=WHAT)
    if ended.returncode == own_process.TAKEN:
        raise own_process.taken(int(ended.stdout or 0))  # it prints the port
    if ended.returncode and not there.runs():
        raise own_process.not_started(WHAT, ended.stderr)


def end(there: Folder) -> None:
    """End a forward and remove its folder; no-op if it is gone."""
    own_process.end(there)
    there.remove()
