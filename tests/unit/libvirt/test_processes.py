"""The processes of machines, listed and ended without libvirt or QEMU."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psutil
import pytest

from abcd_run_libvirt import processes

MACHINE = "5d0c3c0e-1a5b-4c9e-9c56-0a1d5a5b0c11"
SLEEP = "import time; time.sleep(600)"


@contextmanager
def qemu(machine: str, *, name: str = "/usr/bin/qemu-system-x86_64") -> Iterator[int]:
    """Have a process that looks like a machine's."""
    line = [name, "-c", SLEEP, "-uuid", machine, "-S"]
    with subprocess.Popen(line, executable=sys.executable) as process:
        try:
            # The kernel shows its arguments only a moment after its start.
            deadline = time.monotonic() + 10
            while not psutil.Process(process.pid).cmdline():
                assert time.monotonic() < deadline
            yield process.pid
        finally:
            process.kill()


def awaited_stop(pid: int) -> None:
    deadline = time.monotonic() + 10
    while not processes.running()[MACHINE].stopped:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert processes.running()[MACHINE].pid == pid


def test_a_machine_is_found_by_its_id() -> None:
    assert MACHINE not in processes.running()
    with qemu(MACHINE) as pid:
        process = processes.running()[MACHINE]
        assert (process.pid, process.uid, process.stopped) == (pid, os.getuid(), False)
        os.kill(pid, signal.SIGSTOP)
        awaited_stop(pid)


def test_what_only_speaks_of_a_machine_is_none() -> None:
    with qemu(MACHINE, name="grep"):
        assert MACHINE not in processes.running()


def test_another_users_process_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with qemu(MACHINE):
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        assert processes.running() == {}


def test_a_stopped_one_is_ended() -> None:
    with qemu(MACHINE) as pid:
        os.kill(pid, signal.SIGSTOP)
        awaited_stop(pid)
        processes.end(processes.running()[MACHINE])
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def test_a_number_that_is_another_ones_by_now_is_left_alone() -> None:
    with qemu(MACHINE) as pid:
        process = processes.running()[MACHINE]
        processes.end(replace(process, machine="another"))
        assert os.waitpid(pid, os.WNOHANG) == (0, 0)


def test_one_that_is_gone() -> None:
    with qemu(MACHINE) as pid:
        process = processes.running()[MACHINE]
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        processes.end(process)


def test_processes_that_end_while_they_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    with qemu(MACHINE) as pid:
        seen = psutil.Process(pid)
        monkeypatch.setattr(psutil, "process_iter", lambda: [seen])
        assert MACHINE in processes.running()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert processes.running() == {}
