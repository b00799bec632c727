"""Run a program of VirtualBox's to its end, with messages that we can read."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

Ended = subprocess.CompletedProcess[str]


def ran(command: Sequence[str], *, seconds: float) -> Ended:
    """Run it; when it takes longer it is ended, with the status of a failure and what it said."""
    try:
        return in_time(command, seconds=seconds)
    except subprocess.TimeoutExpired as error:
        said = error.output if isinstance(error.output, str) else ""
        return Ended(command, 1, "", f"{said}\nno end after {seconds:g} s")


def in_time(command: Sequence[str], *, seconds: float) -> Ended:
    """Run it. Raises `TimeoutExpired` when it takes longer, and ends it."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        # With LC_ALL=C it dies of the first letter that is not ASCII.
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        # Ctrl-C on the terminal is ours to handle: what was begun is undone by further calls.
        start_new_session=True,
        creationflags=0x08000000 if sys.platform == "win32" else 0,  # CREATE_NO_WINDOW
    ) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            out, err = process.communicate()
            raise subprocess.TimeoutExpired(command, seconds, f"{out}\n{err}") from None
        except BaseException:
            _end(process)
            raise
    return Ended(command, process.returncode, out, err)


def _end(process: subprocess.Popen[str]) -> None:
    """End a program, also where its command is a script that waits for it."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
