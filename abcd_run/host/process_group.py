"""A program and all its children: started in a session of their own, and ended as a whole.

Use `programs` for commands without a time limit, which end with us or on cancellation, and
`bounded_output` for commands that must answer in time.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

Process = subprocess.Popen[bytes]


class OwnGroup(TypedDict, total=False):
    """How `Popen` is told to start a program as the head of a group."""

    start_new_session: bool
    creationflags: int


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
        pass_fds=() if sys.platform == "win32" else inherited,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        **OWN_GROUP,
    )


if sys.platform == "win32":
    OWN_GROUP: OwnGroup = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}

    def end(process: Process) -> None:
        """Kill a program and all its children: Windows knows no way to ask all of them."""
        kill(process)

    def kill(process: Process) -> None:
        """Kill a program and all its children; no-op if they are gone."""
        import psutil  # noqa: PLC0415  (few programs have to be killed)

        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(process.pid)
            halted: set[psutil.Process] = set()
            # Halted first: a child that begins between our look and its parent's end is nobody's.
            while fresh := {top, *top.children(recursive=True)} - halted:
                for one in fresh:
                    with suppress(psutil.Error):
                        one.suspend()
                halted |= fresh
            for one in halted:
                with suppress(psutil.NoSuchProcess):
                    one.kill()

else:
    OWN_GROUP: OwnGroup = {"start_new_session": True}

    def end(process: Process) -> None:
        """Ask a program and all its children to end; no-op if they are gone."""
        _send(process, signal.SIGTERM)

    def kill(process: Process) -> None:
        """Kill a program and all its children; no-op if they are gone."""
        _send(process, signal.SIGKILL)

    def _send(process: Process, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
