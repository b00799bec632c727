"""Long-running tests: many launches, in a row and at once, leave the host as it was.

`make soak` runs them, CI does not; docs/reliability.md has the results.
"""

import os
import subprocess
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from abcd_run.host import xdg
from abcd_run.testing.cli import abcd_run, launch
from tests.engines_here import need
from tests.waiting import until

IMAGE = "abcd4demo"
IN_A_ROW = {"podman": 200, "docker": 200, "lxd": 50, "libvirt": 20}
AT_ONCE = [("podman", 30), ("docker", 30), ("podman,docker,lxd", 14)]
END_SECONDS = 60
SETTLE_SECONDS = 30
"""How long daemons may take to forget what has ended."""

GROWN_FILES = 8
GROWN_KIB = 32 << 10
"""What a daemon may keep for good, such as caches and pools, regardless of launches."""

LISTS = {
    "podman": (
        ["podman", "images", "-q"],
        ["podman", "network", "ls", "-q"],
        ["podman", "ps", "-aq"],
    ),
    "docker": (
        ["docker", "images", "-q"],
        ["docker", "network", "ls", "-q"],
        ["docker", "ps", "-aq"],
    ),
    "lxd": (["lxc", "image", "list", "--format=csv", "-c", "f"], ["lxc", "list", "--format=csv"]),
    "libvirt": (["virsh", "--connect", "qemu:///session", "list", "--all", "--uuid"],),
}
DAEMONS = {"dockerd", "containerd", "libvirtd", "virtlogd"}
"""Daemons whose number does not count: libvirt's start on demand and exit when idle."""


@dataclass(frozen=True)
class Left:
    """The things on a host that launches could leave behind."""

    processes: Counter[str]
    ports: frozenset[str]
    files: frozenset[str]
    lists: tuple[str, ...]


def _processes() -> dict[int, str]:
    """Return this user's running programs, by process id."""
    programs = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            state = (path / "stat").read_text().rpartition(")")[2].split()[0]
            if path.stat().st_uid == os.getuid() and state != "Z":
                programs[int(path.name)] = (path / "comm").read_text().strip()
        except OSError:
            continue
    return programs


def _ports() -> frozenset[str]:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return frozenset(row[1] for row in rows if row[3] == "0A" and row[7] == str(os.getuid()))


def _files() -> frozenset[str]:
    """Return our files: in the cache, the session's folder and /tmp."""
    folders = [xdg.cache(), xdg.runtime_dir() or xdg.cache()]
    files = {str(path) for folder in folders for path in folder.glob("abcd-run*/**/*")}
    files |= {str(path) for path in xdg.cache().rglob("*")}
    return frozenset(files | {str(path) for path in Path("/tmp").glob("abcd-run*")})


def _left(runtimes: list[str]) -> Left:
    lines = [line for name in runtimes for line in LISTS[name]]
    said = [
        subprocess.run(line, capture_output=True, text=True, check=True).stdout for line in lines
    ]
    programs = Counter(name for name in _processes().values() if name not in DAEMONS)
    return Left(programs, _ports(), _files(), tuple(said))


def _daemons() -> dict[int, tuple[int, int]]:
    """Return each daemon's number of open files and its memory in KiB."""
    open_files = {}
    for pid, name in _processes().items():
        if name in DAEMONS:
            status = dict(
                line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            )
            files = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208  (counted, not looked at)
            open_files[pid] = files, int(status["VmRSS"].split()[0])
    return open_files


def _as_before(before: Left, runtimes: list[str]) -> None:
    try:
        until(lambda: _left(runtimes) == before, within=SETTLE_SECONDS)
    except AssertionError:
        after = _left(runtimes)
        assert set(after.files) - set(before.files) == set()
        assert after.processes - before.processes == Counter()
        assert asdict(after) == asdict(before)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("runtime", IN_A_ROW)
def test_in_a_row(runtime: str) -> None:
    """Repeated launches and stops leave nothing, and daemons do not grow."""
    need(runtime)
    for _ in range(2):  # caches are filled
        _once(runtime)
    before, daemons = _left([runtime]), _daemons()
    for _ in range(IN_A_ROW[runtime]):
        _once(runtime)
    _as_before(before, [runtime])
    after = _daemons()
    for pid, (files, memory) in daemons.items():
        if pid in after:
            assert after[pid][0] <= files + GROWN_FILES
            assert after[pid][1] <= memory + GROWN_KIB


def _once(runtime: str) -> None:
    (instance,) = launch("--on", runtime, IMAGE)
    assert instance["stage"] == "ready"
    ended = abcd_run("stop", instance["name"])
    assert ended.status == 0, ended.err


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("on", "count"), AT_ONCE)
def test_at_once(on: str, count: int) -> None:
    """Each is ready or refused with one clear line; all end within a minute."""
    runtimes = on.split(",")
    need(*runtimes)
    for runtime in runtimes:
        _once(runtime)
    before = _left(runtimes)
    ended = abcd_run("--json", "--on", on, "--count", str(count), IMAGE, within=900)
    instances, errors = ended.json["instances"], ended.json["errors"]
    began = time.monotonic()
    stopped = abcd_run("stop", *(one["name"] for one in instances))
    assert stopped.status == 0, stopped.err
    assert time.monotonic() - began < END_SECONDS
    assert {one["stage"] for one in instances} <= {"ready"}
    for error in errors:
        assert error["message"]
        assert "\n" not in error["message"]
        assert error["remedy"]
    assert errors or len(instances) == count * len(runtimes)
    _as_before(before, runtimes)
