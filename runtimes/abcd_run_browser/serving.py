"""Start and end the server of an instance."""

from abcd_run.backend import own_process
from abcd_run_browser.folder import Folder


def start(there: Folder) -> None:
    """Start a server, which outlives us; return when it listens.

    Raises `PortTaken` or `LaunchFailed`.
    """
    what = f"the server of {there.name}"
    command = own_process.line("abcd_run_browser.server", str(there.path))
    ended = own_process.started(command, what=what)
    if ended.returncode == own_process.TAKEN:
        spec = there.spec()
        raise own_process.taken(spec.port if spec else 0)
    if ended.returncode:
        raise own_process.not_started(what, ended.stderr)
