"""The processes of this user's machines, as the kernel knows them, whoever else answers or not."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
COMMAND_BYTES = 1 << 16
STOPPED = {"T", "t"}
END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Process:
    """QEMU with one machine."""

    pid: int
    machine: str
    uid: int
    stopped: bool = False
    """Whether a signal or a debugger holds it, so that it answers nobody."""


def running(proc: Path = PROC) -> dict[str, Process]:
    """Return the processes of machines of this user by the machines' ids."""
    return {found.machine: found for found in _all(proc)}


def _all(proc: Path) -> Iterator[Process]:
    for folder in proc.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):  # it has ended meanwhile
                uid = folder.stat().st_uid
                machine = _machine(folder) if uid == os.getuid() else ""
                if machine:
                    yield Process(int(folder.name), machine, uid, _state(folder) in STOPPED)


def _machine(folder: Path) -> str:
    """Return the id of the machine of a process, empty if it is no QEMU that libvirt started."""
    with (folder / "cmdline").open("rb") as file:
        words = file.read(COMMAND_BYTES).split(b"\0")
    if b"-uuid" not in words[:-1] or b"qemu" not in words[0]:
        return ""
    return words[words.index(b"-uuid") + 1].decode(errors="replace")


def _state(folder: Path) -> str:
    # The name in parentheses may hold anything, so what follows the last one counts.
    return (folder / "stat").read_text(errors="replace").rpartition(") ")[2][:1]


def end(found: Process) -> None:
    """Kill the process of a machine, and wait until it is gone; no-op when it is."""
    try:
        handle = os.pidfd_open(found.pid)
    except ProcessLookupError:
        return
    try:
        # The number may be another one's by now; whom the handle means can no longer change.
        if _machine(PROC / str(found.pid)) != found.machine:
            return
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        select.select([handle], [], [], END_SECONDS)
    except (FileNotFoundError, ProcessLookupError):
        return
    finally:
        os.close(handle)
