"""LXD instances are isolated from the host and from each other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from abcd_run.testing.cli import abcd_run, launch
from abcd_run_lxd import translate
from tests.engines_here import need

Document = dict[str, Any]
CGROUPS = Path("/sys/fs/cgroup")
NAME = "apart-on-lxd"
SYS_MODULE, SYS_RAWIO, SYS_TIME = 16, 17, 25


@pytest.fixture(scope="module")
def two() -> Iterator[list[Document]]:
    """Have two instances of one user."""
    need("lxd")
    launched = launch("--on", "lxd", "--name", NAME, "--count", "2", "abcd4demo")
    try:
        yield launched
    finally:
        assert abcd_run("stop", *(one["name"] for one in launched)).status == 0


def inside(instance: Document, command: str) -> str:
    """Run a line of shell as root inside."""
    ended = abcd_run("exec", "--user", "root", instance["name"], "--", "sh", "-c", command)
    assert ended.status == 0, ended.err
    return ended.out


def test_the_number_of_processes_is_bounded(two: list[Document]) -> None:
    """The kernel limits processes, in a file of the instance's control group."""
    for one in two:
        file = f"lxc.payload.{one['name']}/pids.max"
        (bound,) = [*CGROUPS.glob(file), *CGROUPS.glob(f"pids/{file}")]
        assert int(bound.read_text()) == translate.PROCESSES


def test_root_inside_lacks_what_counts_on_the_host(two: list[Document]) -> None:
    """Neither the first process nor a command has the capability."""
    for place in ("1", "self"):
        bits = inside(two[0], f"sed -n 's/^CapBnd:\\t*//p' /proc/{place}/status")
        assert int(bits, 16)
        assert not [bit for bit in (SYS_MODULE, SYS_RAWIO, SYS_TIME) if int(bits, 16) >> bit & 1]


def test_they_do_not_reach_each_other(two: list[Document]) -> None:
    """The host reaches both: it is their gateway."""
    ask = "ip -4 -o addr show dev eth0 | sed 's/.* inet \\([0-9.]*\\).*/\\1/'"
    addresses = [inside(one, ask).strip() for one in two]
    assert all(addresses)
    get = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 {} 8080 2>&1 | head -n 1; true"
    assert "401" in inside(two[0], get.format(addresses[0]))
    assert "HTTP" not in inside(two[0], get.format(addresses[1]))
