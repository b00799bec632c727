"""The processes of this user's machines, as the kernel knows them, whoever else answers or not."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import psutil

STOPPED = {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP}
END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Process:
    """QEMU with one machine."""

    pid: int
    machine: str
    uid: int
    stopped: bool = False
    """Whether a signal or a debugger holds it, so that it answers nobody."""


def running() -> dict[str, Process]:
    """Return the processes of machines of this user by the machines' ids."""
    return {process.machine: process for process in _all()}


def _all() -> Iterator[Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended meanwhile, or hides from us
            uid = process.uids().effective
            machine = _machine(process) if uid == os.getuid() else ""
            if machine:
                yield Process(process.pid, machine, uid, process.status() in STOPPED)


def _machine(process: psutil.Process) -> str:
    """Return the id of the machine of a process, empty if it is no QEMU that libvirt started."""
    words = process.cmdline()
    if "-uuid" not in words[:-1] or "qemu" not in words[0]:
        return ""
    return words[words.index("-uuid") + 1]


def end(process: Process) -> None:
    """Kill the process of a machine, and wait until it is gone; no-op when it is."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        # The number may be another one's by now; whom the handle means can no longer change.
        # psutil has no handles: it looks whose the number is, and kills by the number afterwards.
        if _machine(psutil.Process(process.pid)) != process.machine:
            return
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        select.select([handle], [], [], END_SECONDS)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return
    finally:
        os.close(handle)
