"""Run a program of VirtualBox's to its end, with messages that we can read."""

import os
import subprocess
from collections.abc import Sequence

from abcd_run.host.bounded_output import Late, TooMuch, printed

Ended = subprocess.CompletedProcess[str]

MOST = 64 << 20
"""Bytes that an answer may have; a machine's description, which anybody may write, is in it."""


def ran(command: Sequence[str], *, seconds: float) -> Ended:
    """Run it; when it takes longer it is ended, with the status of a failure and what it said."""
    try:
        return in_time(command, seconds=seconds)
    except Late as error:
        said = f"{_text(error.out)}\n{_text(error.err)}"
        return Ended(command, 1, "", f"{said}\nit did not end within {seconds:g} s")


def in_time(command: Sequence[str], *, seconds: float) -> Ended:
    """Run it. Raises `Late` when it takes longer, and ends it."""
    # With LC_ALL=C it dies of the first letter that is not ASCII.
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        said = printed(command, seconds=seconds, most=MOST, environment=environment)
    except TooMuch as error:
        return Ended(command, 1, "", f"it printed {error}")
    return Ended(command, said.status, _text(said.out), _text(said.err))


def _text(said: bytes) -> str:
    return said.decode(errors="replace")
