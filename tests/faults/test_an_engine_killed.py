"""An engine is killed during a launch: one error in time, and nothing left for good.

LXD's daemon runs as root, so only root could kill it.
"""

import os
import time
from collections.abc import Iterator

import psutil
import pytest

from abcd_run.testing.cli import abcd_run
from tests.engines_here import need
from tests.faults import own
from tests.faults.hook import ended
from tests.running import lives
from tests.waiting import until

NEVER = 'ready.console="a line that nothing prints"'
STEPS = [
    ("before", "probe"),
    ("before", "provide"),
    ("before", "create"),
    ("after", "create"),
    ("before", "start"),
    ("after", "start"),
]
WITHIN = 15.0
"""How many seconds a launch may go on without its engine."""

ENDS = {3, 5}
"""The exit statuses of an unusable runtime and of a failed launch."""


@pytest.fixture(scope="module", params=["podman", "docker"])
def engine(request: pytest.FixtureRequest) -> Iterator[own.Engine]:
    """Return an engine that nothing else uses."""
    need(request.param)
    with {"podman": own.podman, "docker": own.docker}[request.param]() as engine:
        yield engine


def _left(runtime: str, name: str) -> bool:
    listed = abcd_run("ps", "--on", runtime)
    assert listed.err == "", listed.err
    return name in listed.out


@pytest.mark.parametrize(("when", "step"), STEPS)
def test_in_mid_launch(engine: own.Engine, when: str, step: str) -> None:
    """The error names the engine; once the engine is back, what is left can be removed."""
    name = f"killed-{engine.runtime}-{os.urandom(3).hex()}"
    words = ["--on", engine.runtime, "--name", name, "--timeout", "20", "--set", NEVER]
    at = (engine.runtime, when, step)
    launch = ended(*words, "abcd4demo", at=at, how=None, stopping=engine.pids(), HOOK_KILLS="yes")
    engine.again()
    if (when, step) != ("after", "start"):
        assert launch.status in ENDS, launch.err
        assert launch.seconds < WITHIN
    else:
        assert launch.status != 0
    assert engine.runtime in launch.err
    if _left(engine.runtime, name):
        assert abcd_run("stop", name, "--on", engine.runtime).status == 0
    assert abcd_run("prune", "--on", engine.runtime).status == 0
    assert not _left(engine.runtime, name)


def _libvirtd() -> tuple[int, ...]:
    mine = psutil.Process().uids().real
    processes = psutil.process_iter(["name", "uids"])
    names = {"libvirtd", "virtqemud"}
    return tuple(
        process.pid
        for process in processes
        if process.info["name"] in names and process.info["uids"].real == mine
    )


@pytest.mark.parametrize(("when", "step"), STEPS)
def test_libvirt_in_mid_launch(when: str, step: str) -> None:
    """A machine outlives the daemon, which the next request restarts."""
    need("libvirt")
    name = f"killed-libvirt-{os.urandom(3).hex()}"
    words = ["--on", "libvirt", "--name", name, "--no-wait", "abcd4demo"]
    assert abcd_run("ps", "--on", "libvirt").status == 0  # the daemon is there
    daemon = _libvirtd()
    assert daemon
    began = time.monotonic()
    at = ("libvirt", when, step)
    launch = ended(*words, at=at, how=None, stopping=daemon, HOOK_KILLS="yes")
    assert not any(map(lives, daemon))
    assert time.monotonic() - began < 2 * WITHIN
    assert launch.status in {0, *ENDS}, launch.err
    if launch.status == 0:
        assert abcd_run("stop", name).status == 0
    assert abcd_run("prune", "--on", "libvirt").status == 0
    until(lambda: not _left("libvirt", name))
