"""What the host itself shows about an instance, whatever its runtime claims.

A command inside a container is a process of the host, with a user and a cgroup there. A command
inside a machine is not: only the machine's own process is, and its kernel sees what it was given.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from abcd_run.testing.cli import PROGRAM, SECONDS

CGROUPS = Path("/sys/fs/cgroup")
SEEN_SECONDS, LOOK_SECONDS = 2.0, 0.02

MEMORY = """
cd /sys/fs/cgroup && cat memory.max memory/memory.limit_in_bytes 2>/dev/null
kib=$(ulimit -v); [ "$kib" = unlimited ] || echo "$((kib * 1024))"
while read -r key kib _; do [ "$key" != MemTotal: ] || echo "$((kib * 1024))"; done </proc/meminfo
"""
"""Prints the memory limits inside, in bytes: cgroups, the shell's own limit, the machine."""

CPUS = """
nproc 2>/dev/null || grep -c ^processor /proc/cpuinfo
cd /sys/fs/cgroup && cat cpu.max 2>/dev/null
cd cpu 2>/dev/null && echo "$(cat cpu.cfs_quota_us)" "$(cat cpu.cfs_period_us)"
true
"""
"""Prints the processor limits inside: their number, and the cgroups' quota and period."""


@contextmanager
def process_inside(name: str, *, user: str) -> Iterator[psutil.Process | None]:
    """Run a command inside during the block; yield its host process, None if the host has none.

    It runs as a `user`, the image's own if that is empty.
    """
    who = ["--user", user] if user else []
    mark = f"abcd-contract-{os.urandom(8).hex()}"
    shell = ("sh", "-c", 'echo up; exec cat - "$0"', mark)
    with subprocess.Popen(
        [PROGRAM, "exec", *who, name, "--", *shell],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as ran:
        assert ran.stdout
        assert ran.stdout.readline() == b"up\n", ran.communicate(timeout=SECONDS)[1]
        try:
            yield _seen(["cat", "-", mark])
        finally:
            ran.communicate(timeout=SECONDS)  # it ends at the end of its input


def _seen(words: list[str]) -> psutil.Process | None:
    deadline = time.monotonic() + SEEN_SECONDS
    while time.monotonic() < deadline:
        for process in psutil.process_iter():
            with suppress(psutil.Error):  # it has ended meanwhile
                if process.cmdline() == words:
                    return process
        time.sleep(LOOK_SECONDS)
    return None


def owners(port: int) -> set[int]:
    """Return the users whose processes listen on a port, as far as this user can see."""
    uids = set()
    for sock in psutil.net_connections("tcp"):
        listens = sock.laddr and sock.status == psutil.CONN_LISTEN and sock.laddr.port == port
        if listens and sock.pid:
            with suppress(psutil.Error):
                uids.add(psutil.Process(sock.pid).uids().real)
    return uids


def numbers(printed: str) -> list[float]:
    """Parse lines such as `1000` or `50000 100000`; lines without a limit (`max`) are skipped."""
    rows = [line.split() for line in printed.splitlines()]
    whole = [row for row in rows if row and all(word.isdigit() for word in row)]
    return [int(row[0]) / int(row[1]) if len(row) > 1 else int(row[0]) for row in whole]


def memory_of(process: psutil.Process) -> list[float]:
    """Return the memory limits in bytes that the host's cgroups set for a process."""
    names = ("memory.max", "memory.limit_in_bytes")
    return [one for group in _groups(process) for name in names for one in _read(group / name)]


def cpus_of(process: psutil.Process) -> list[float]:
    """Return how many processors the host's cgroups allow a process."""
    limits = []
    for group in _groups(process):
        limits += _read(group / "cpu.max")
        for quota in _read(group / "cpu.cfs_quota_us"):
            limits += [quota / period for period in _read(group / "cpu.cfs_period_us")]
    return limits


def _groups(process: psutil.Process) -> Iterator[Path]:
    """Yield the folders of a process's cgroups and their parents; psutil does not report them.

    A line is `4:cpu,cpuacct:/path`, or `0::/path` for version 2.
    """
    for line in Path(f"/proc/{process.pid}/cgroup").read_text().splitlines():
        _number, kinds, path = line.split(":", 2)
        tops = [CGROUPS / kind for kind in (kinds, *kinds.split(","))] if kinds else []
        for top in tops or [CGROUPS, CGROUPS / "unified"]:
            own = top / path.lstrip("/")
            yield from (own, *(one for one in own.parents if one.is_relative_to(top)))


def _read(file: Path) -> list[float]:
    try:
        return numbers(file.read_text())
    except OSError:
        return []
