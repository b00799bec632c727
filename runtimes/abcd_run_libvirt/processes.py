"""The processes of the user's machines, from the kernel, even if nothing else answers."""

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
    """A QEMU process that runs one machine."""

    pid: int
    machine: str
    uid: int
    stopped: bool = False
    """Whether a signal or a debugger has stopped it, so it cannot answer."""


def running() -> dict[str, Process]:
    """Return the processes of this user's machines, by machine id."""
    return {process.machine: process for process in _all()}


def _all() -> Iterator[Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended meanwhile, or we may not see it
            uid = process.uids().effective
            machine = _machine(process) if uid == os.getuid() else ""
            if machine:
                yield Process(process.pid, machine, uid, process.status() in STOPPED)


def _machine(process: psutil.Process) -> str:
    """Return the id of a process's machine; empty if it is not a QEMU that libvirt started."""
    words = process.cmdline()
    if "-uuid" not in words[:-1] or "qemu" not in words[0]:
        return ""
    return words[words.index("-uuid") + 1]


def end(process: Process) -> None:
    """Kill a machine's process and wait until it is gone; no-op if it already is."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        # The pid may belong to another process by now, but what the handle refers to cannot change.
        # psutil has no handles: it checks the pid first and then kills by pid.
        if _machine(psutil.Process(process.pid)) != process.machine:
            return
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        select.select([handle], [], [], END_SECONDS)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return
    finally:
        os.close(handle)
