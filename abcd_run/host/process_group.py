"""A program and all its children: started in a session of their own, and ended as a whole.

Use `programs` for commands without a time limit, which end with us or on cancellation, and
`bounded_output` for commands that must answer in time.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

Process = subprocess.Popen[bytes]


def started(
    command: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    stderr: int = subprocess.PIPE,
    cwd: Path | None = None,
    inherited: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start a command, without input by default; the caller reads its output.

    Ctrl-C on the terminal reaches only us: the caller must end the command.
    """
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        pass_fds=inherited,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to a program and all its children; no-op if they are gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
