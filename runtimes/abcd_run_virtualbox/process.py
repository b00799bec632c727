"""Run one of VirtualBox's programs to its end, with messages in English."""

import os
import subprocess
from collections.abc import Sequence

from abcd_run.host.bounded_output import Late, TooMuch, printed

Ended = subprocess.CompletedProcess[str]

MOST = 64 << 20
"""The largest answer in bytes; it contains machines' descriptions, which anybody may write."""


def ran(command: Sequence[str], *, seconds: float) -> Ended:
    """Run it; after `seconds` it is killed and counts as failed, with the output so far."""
    try:
        return in_time(command, seconds=seconds)
    except Late as error:
        said = f"{_text(error.out)}\n{_text(error.err)}"
        return Ended(command, 1, "", f"{said}\nit did not end within {seconds:g} s")


def in_time(command: Sequence[str], *, seconds: float) -> Ended:
    """Run it. Raises `Late` after `seconds`, and kills it."""
    # With LC_ALL=C it crashes on the first non-ASCII letter.
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        said = printed(command, seconds=seconds, most=MOST, environment=environment)
    except TooMuch as error:
        return Ended(command, 1, "", f"it printed {error}")
    return Ended(command, said.status, _text(said.out), _text(said.err))


def _text(said: bytes) -> str:
    return said.decode(errors="replace")
