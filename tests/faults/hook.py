"""Run abcd-run, and inject a fault just before or after a step of a runtime.

    python -m tests.faults.hook RUNTIME before|after STEP SIGNAL PIDS -- ARGUMENTS…

At the step's first call the processes PIDS (comma-separated, or none) are stopped with SIGSTOP, or
killed if HOOK_KILLS is set. Then abcd-run itself is sent SIGNAL, unless it is `none`; with
HOOK_TWICE set, a second time after it has handled the first.
"""

import importlib
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

from abcd_run.__main__ import console
from abcd_run.concurrency.cancel import current

CHECKOUT = Path(__file__).parents[2]
CLASSES = {"podman": "Podman", "docker": "Docker", "lxd": "Lxd", "libvirt": "Libvirt",
           "kubernetes": "Kubernetes"}  # fmt: skip
SECONDS = 60
NONE = "none"


@dataclass(frozen=True, slots=True)
class Ended:
    """The result of a command, and its seconds after the signal."""

    status: int
    err: str
    seconds: float


def ended(
    *arguments: str,
    at: tuple[str, str, str],
    how: signal.Signals | None,
    stopping: tuple[int, ...] = (),
    **environment: str,
) -> Ended:
    """Run abcd-run, with the signal `at` a runtime's step, which must be reached."""
    runtime, when, step = at
    pids = ",".join(map(str, stopping))
    sent = how.name if how else NONE
    line = [sys.executable, "-m", "tests.faults.hook", runtime, when, step, sent, pids, "--"]
    with subprocess.Popen(
        [*line, *arguments],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said, happened = [], 0.0
        assert process.stderr
        killing = Timer(SECONDS, process.kill)  # what waits for ever fails
        killing.start()
        for text in process.stderr:
            said.append(text)
            if text.startswith("HOOK "):
                happened = float(text.split()[1])
        process.wait()
        killing.cancel()
        took = time.time() - happened
    err = "".join(said)
    assert happened, err
    assert "Traceback" not in err, err
    return Ended(process.returncode, err, took)


def _hooked(kind: Any, step: str, when: str, sent: str, pids: list[int]) -> None:
    original = getattr(kind, step)
    happened: list[str] = []

    def happen() -> None:
        if happened:
            return
        happened.append(step)
        for pid in pids:
            with suppress(ProcessLookupError):  # it has ended with another of them
                os.kill(pid, signal.SIGKILL if "HOOK_KILLS" in os.environ else signal.SIGSTOP)
        os.write(2, f"HOOK {time.time()}\n".encode())
        if sent == NONE:
            return
        os.kill(os.getpid(), signal.Signals[sent])
        if "HOOK_TWICE" in os.environ and current().wait(SECONDS):
            os.kill(os.getpid(), signal.Signals[sent])

    def hooked(self: Any, *given: Any, **named: Any) -> Any:
        if when == "before":
            happen()
        result = original(self, *given, **named)
        if when == "after":
            happen()
        return result

    setattr(kind, step, hooked)


def main() -> None:
    """Run the command line."""
    runtime, when, step, sent, pids, _, *arguments = sys.argv[1:]
    module = importlib.import_module(f"abcd_run_{runtime}.runtime")
    kind = getattr(module, f"{CLASSES[runtime]}Runtime")
    stopped = [int(pid) for pid in pids.split(",") if pid]
    _hooked(kind, step, when, sent, stopped)
    sys.argv = ["abcd-run", *arguments]
    console()


if __name__ == "__main__":
    main()
