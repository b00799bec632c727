"""Run VBoxManage, and turn what it refuses into abcd-run's errors."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from abcd_run.errors import NoRuntime
from abcd_run_virtualbox import paths
from abcd_run_virtualbox.errors import Refused, refused

PATIENCE_SECONDS = 20.0
"""How long somebody else may hold a machine's lock: VirtualBox does for seconds after a stop."""

LOOK_SECONDS = 0.1
CALL_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Manage:
    """The VBoxManage of this host; calling it returns its standard output."""

    program: str

    @classmethod
    def found(cls) -> "Manage":
        """Return it. Raises `NoRuntime`."""
        program = paths.program("VBoxManage")
        if program is None:
            raise NoRuntime("VirtualBox is not installed", remedy=paths.remedy())
        return cls(program)

    def __call__(self, *arguments: str, doing: str) -> str:
        """Run it once. Raises `Refused`."""
        ended = ran([self.program, *arguments], seconds=CALL_SECONDS)
        if ended.returncode:
            raise refused(ended.stderr or ended.stdout, doing=doing)
        return ended.stdout

    def patiently(self, *arguments: str, doing: str) -> str:
        """Run it, again while another session has the machine."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self(*arguments, doing=doing)
            except Refused as error:
                if not error.locked or time.monotonic() > deadline:
                    raise
            time.sleep(LOOK_SECONDS)

    def secretly(self, *arguments: str, doing: str) -> str:
        """Run it with arguments that other users of this host must not see."""
        with tempfile.TemporaryDirectory(prefix="abcd-run-") as folder:
            file = Path(folder) / "arguments"
            file.write_text(as_file(arguments))
            return self.patiently(f"@{file}", doing=doing)


def as_file(arguments: Sequence[str]) -> str:
    """Return arguments as a file that VBoxManage reads them from: `VBoxManage @FILE`."""
    return "".join(f"{shlex.quote(one)}\n" for one in arguments)


def ran(command: Sequence[str], *, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a program of VirtualBox's to its end, with messages that we can read.

    It is ended after some seconds; its status is then that of a failure.
    """
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
            # With LC_ALL=C it dies of the first letter that is not ASCII.
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            # Ctrl-C on the terminal is ours to handle: what was begun is undone by further calls.
            start_new_session=True,
            creationflags=0x08000000 if sys.platform == "win32" else 0,  # CREATE_NO_WINDOW
        )
    except subprocess.TimeoutExpired as error:
        # Python has what was printed so far as bytes or as text, by system and version.
        parts = [error.stdout or b"", error.stderr or b""]
        printed = [part.decode() if isinstance(part, bytes) else str(part) for part in parts]
        text = "\n".join([*printed, f"no end after {seconds:g} s"])
        return subprocess.CompletedProcess(command, 1, "", text)
