"""What this host itself shows of an instance, whatever its runtime says.

A command inside a container is a process of the host, which has a user and a cgroup there. One
inside a machine is not: the machine's own process is, and what its kernel sees is what it has.
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
"""Prints what limits memory inside, in bytes: cgroups, the shell's own limit, the machine."""

CPUS = """
nproc 2>/dev/null || grep -c ^processor /proc/cpuinfo
cd /sys/fs/cgroup && cat cpu.max 2>/dev/null
cd cpu 2>/dev/null && echo "$(cat cpu.cfs_quota_us)" "$(cat cpu.cfs_period_us)"
true
"""
"""Prints what limits processors inside: their number, and quota and period of cgroups."""


@contextmanager
def process_inside(name: str, *, user: str = "root") -> Iterator[psutil.Process | None]:
    """Have a command run inside meanwhile; yield it as the host sees it, None if it does not."""
    mark = f"abcd-contract-{os.urandom(8).hex()}"
    shell = ("sh", "-c", 'echo up; exec cat - "$0"', mark)
    with subprocess.Popen(
        [PROGRAM, "exec", "--user", user, name, "--", *shell],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as ran:
        assert ran.stdout
        assert ran.stdout.readline() == b"up\n", ran.communicate(timeout=SECONDS)[1]
        try:
            yield _seen(["cat", "-", mark])
        finally:
            ran.communicate(timeout=SECONDS)  # the end of its input is the end of it


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
    """Return the users whose processes listen at a port, as far as this user may know."""
    uids = set()
    for one in psutil.net_connections("tcp"):
        if one.laddr and one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid:
            with suppress(psutil.Error):
                uids.add(psutil.Process(one.pid).uids().real)
    return uids


def numbers(printed: str) -> list[float]:
    """Return what lines such as `1000`, `50000 100000` or `max` say; no limit is left out."""
    rows = [line.split() for line in printed.splitlines()]
    whole = [row for row in rows if row and all(word.isdigit() for word in row)]
    return [int(row[0]) / int(row[1]) if len(row) > 1 else int(row[0]) for row in whole]


def memory_of(process: psutil.Process) -> list[float]:
    """Return the limits of memory in bytes that cgroups of the host set to a process."""
    names = ("memory.max", "memory.limit_in_bytes")
    return [one for group in _groups(process) for name in names for one in _read(group / name)]


def cpus_of(process: psutil.Process) -> list[float]:
    """Return how many processors cgroups of the host leave to a process."""
    limits = []
    for group in _groups(process):
        limits += _read(group / "cpu.max")
        for quota in _read(group / "cpu.cfs_quota_us"):
            limits += [quota / period for period in _read(group / "cpu.cfs_period_us")]
    return limits


def _groups(process: psutil.Process) -> Iterator[Path]:
    """Yield the folders of a process's cgroups, which psutil does not know, and of their parents.

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
