"""Talk to VirtualBox through VBoxManage; its refusals become abcd-run's errors."""

import shlex
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from abcd_run.errors import NoRuntime
from abcd_run.host import scratch, xdg
from abcd_run.host.bounded_output import Late
from abcd_run_virtualbox import paths
from abcd_run_virtualbox.errors import Refused, refused
from abcd_run_virtualbox.process import Ended, in_time, ran

PATIENCE_SECONDS = 20.0
"""How long another session may hold a machine's lock: VirtualBox does for seconds after a stop."""

LOOK_SECONDS = 0.1
CALL = "call-"
"""Prefix of the folders in which we exchange files with VBoxManage."""

CALL_SECONDS = 120

QUESTIONS = {"list", "showvminfo", "getextradata"}
ANSWER_SECONDS = 1.5
"""How long a query may take before it is repeated.

About one in 600 calls of VirtualBox 7.2 on Linux does its work in 0.1 s but exits 10 s later: it
waits for threads that missed the signal to end."""


@dataclass(frozen=True, slots=True)
class Manage:
    """VBoxManage on this host; calling it returns its standard output."""

    program: str

    @classmethod
    def present(cls) -> "Manage":
        """Locate VBoxManage. Raises `NoRuntime`."""
        program = paths.program("VBoxManage")
        if program is None:
            raise NoRuntime("VirtualBox is not installed", remedy=paths.remedy())
        return cls(program)

    def __call__(self, *arguments: str, doing: str) -> str:
        """Run it to its end. Raises `Refused`."""
        ended = self._ended([self.program, *arguments], question=arguments[0] in QUESTIONS)
        if ended.returncode:
            raise refused(ended.stderr or ended.stdout, doing=doing)
        return ended.stdout

    def _ended(self, line: list[str], *, question: bool) -> Ended:
        if question:
            with suppress(Late):
                return in_time(line, seconds=ANSWER_SECONDS)
        return ran(line, seconds=CALL_SECONDS)

    def patiently(self, *arguments: str, doing: str) -> str:
        """Run it, and retry while another session uses the machine."""
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
        with scratch.held(calls(), CALL) as folder:
            file = folder / "arguments"
            file.write_text(as_file(arguments))
            return self.patiently(f"@{file}", doing=doing)


def calls() -> Path:
    """Return the parent of the folders for calls."""
    return xdg.cache() / "virtualbox"


def as_file(arguments: Sequence[str]) -> str:
    """Return arguments as the content of a file for `VBoxManage @FILE`."""
    return "".join(f"{shlex.quote(argument)}\n" for argument in arguments)
