"""A program with all that it begins: it gets a session of its own, and is ended as a whole.

Take `programs` for what may take as long as it takes and ends with us or when it is cancelled, and
`bounded_output` for what must answer within a time.
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
    stderr: int = subprocess.PIPE,
    cwd: Path | None = None,
    inherited: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start a command without input, whose output is read by who starts it.

    Ctrl-C on the terminal reaches us alone: whoever starts a command ends it.
    """
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        pass_fds=inherited,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to a program and to all that it has begun; no-op when they are gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
