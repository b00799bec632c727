"""Start a machine, and find out why if it fails."""

import re
from pathlib import Path

from abcd_run.errors import AbcdRunError, PortTaken
from abcd_run.limits import TEXT_BYTES
from abcd_run_virtualbox import paths
from abcd_run_virtualbox.errors import ENDED, FORWARD, Refused, refused
from abcd_run_virtualbox.process import ran
from abcd_run_virtualbox.service import Manage

TRIAL_SECONDS = 20.0
"""How long a second start may take; only its output is needed."""

_REDIRECTED = re.compile(r"redirection of (?:\S+:)?(\d{1,5}) to\b")
DOING = "start the machine"


def started(manage: Manage, uuid: str, log: Path) -> None:
    """Start a machine; `log` is its VBox.log. Raises `PortTaken` or `LaunchFailed`."""
    try:
        manage.patiently("startvm", uuid, doing=DOING)
    except Refused as error:
        raise _reason(error, uuid, log) from error
    # VirtualBox starts a machine even if it could not get a port.
    said = [line for line in _said(log) if any(sign in line for sign in FORWARD)]
    if said:
        match = _REDIRECTED.search("\n".join(said))
        raise PortTaken(
            "a host port for this instance is already in use",
            details=said[0],
            remedy="let abcd-run choose the port, or pick another one above 1023",
            port=int(match[1]) if match else None,
        )


def _reason(error: Refused, uuid: str, log: Path) -> AbcdRunError:
    """Return the error, with the reason from the machine's log or from its process's output."""
    if ENDED not in error.text:
        return error
    text = "\n".join(_said(log)) or _trial(uuid)
    return refused(f"{error.text}\n{text}", doing=DOING)


def _said(log: Path) -> list[str]:
    """Return the errors in a machine's log: `VMSetError: …; rc=VERR_…`, without the times."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TEXT_BYTES))
            lines = file.read(TEXT_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return []
    return [line.partition(" ")[2] for line in lines if "VMSetError" in line or "VERR_NAT" in line]


def _trial(uuid: str) -> str:
    """Return what the machine's process prints: without a log, only this shows the reason."""
    program = paths.program("VBoxHeadless")
    if program is None:
        return ""
    ended = ran([program, "--startvm", uuid], seconds=TRIAL_SECONDS)
    return ended.stderr + ended.stdout
