"""An engine is stopped (SIGSTOP): nothing waits for it, and its instances are not forgotten."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest

from abcd_run.testing.cli import abcd_run
from tests.engines_here import need
from tests.faults import own
from tests.faults.hook import ended
from tests.waiting import until

ENGINES = ("podman", "docker")

WITHIN = 5.0
SLACK = 1.0
"""How long Python takes to start on a busy host, on top of the promised seconds."""

NEVER = 'ready.console="a line that nothing prints"'


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that can be stopped."""

    runtime: str
    pids: tuple[int, ...]

    def stop(self) -> None:
        """Stop it."""
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it continue."""
        for pid in self.pids:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def podman() -> Iterator[Engine]:
    """Return a permanent Podman service, like a session's, which nothing else uses."""
    need("podman")
    with own.podman(apart=True) as engine:
        yield Engine("podman", engine.pids())


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    """Return a daemon that nothing else uses."""
    need("docker")
    with own.docker() as engine:
        daemon = (one for one in engine.pids() if psutil.Process(one).name() == "dockerd")
        yield Engine("docker", tuple(daemon))


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Return an engine that continues after the test, whatever its outcome."""
    engine: Engine = request.getfixturevalue(request.param)
    yield engine
    engine.go_on()


def _name(engine: Engine) -> str:
    return f"stopped-{engine.runtime}-{os.urandom(3).hex()}"


def _removed(engine: Engine, name: str) -> bool:
    """Follow the error's remedy; the engine may still carry out a request it had received."""
    abcd_run("stop", name, "--on", engine.runtime)
    assert abcd_run("prune", "--on", engine.runtime).status == 0
    return name not in abcd_run("ps", "--on", engine.runtime).out


def each_on_one(*cases: tuple[object, ...]) -> list[object]:
    """Give each engine every second case; what the other engine has is for `make soak`."""
    return [
        pytest.param(name, *case, marks=pytest.mark.soak if (place + turn) % 2 else ())
        for place, case in enumerate(cases)
        for turn, name in enumerate(ENGINES)
    ]


@pytest.mark.parametrize(
    ("engine", "when", "step", "how"),
    each_on_one(
        ("before", "probe", signal.SIGINT),
        ("before", "provide", signal.SIGTERM),
        ("before", "create", signal.SIGHUP),
        ("after", "create", signal.SIGTERM),
        ("before", "start", signal.SIGINT),
        ("after", "start", signal.SIGHUP),
    ),
    indirect=["engine"],
)
def test_in_mid_launch(engine: Engine, when: str, step: str, how: signal.Signals) -> None:
    """The launch ends in time, and names what may be left, with the command that removes it."""
    name = _name(engine)
    words = ["--on", engine.runtime, "--name", name, "--set", NEVER, "abcd4demo"]
    launch = ended(*words, at=(engine.runtime, when, step), how=how, stopping=engine.pids)
    engine.go_on()
    assert launch.status == 130, launch.err
    assert launch.seconds < WITHIN + SLACK
    if step in ("create", "start"):
        assert f"abcd-run stop {name}; abcd-run prune" in launch.err
    until(lambda: _removed(engine, name))


def test_the_second_signal_leaves_at_once(engine: Engine) -> None:
    name = _name(engine)
    words = ["--on", engine.runtime, "--name", name, "--set", NEVER, "abcd4demo"]
    at = (engine.runtime, "before", "start")
    launch = ended(*words, at=at, how=signal.SIGTERM, stopping=engine.pids, HOOK_TWICE="yes")
    engine.go_on()
    assert launch.status == 130, launch.err
    assert launch.seconds < WITHIN / 2
    assert f"abcd-run stop {name}; abcd-run prune" in launch.err
    until(lambda: _removed(engine, name))


@pytest.mark.parametrize(
    ("engine", "words"),
    each_on_one((("show",),), (("stop",),), (("exec",),)),
    indirect=["engine"],
)
def test_it_is_said_that_it_does_not_answer(engine: Engine, words: tuple[str, ...]) -> None:
    """The error is not that there is no such instance."""
    engine.stop()
    command = ["--", "true"] if words == ("exec",) else []
    began = time.monotonic()
    answer = abcd_run(*words, f"abcd4demo-{engine.runtime}-77", *command)
    assert time.monotonic() - began < WITHIN + SLACK
    assert answer.status == (125 if words == ("exec",) else 3), answer.err
    assert engine.runtime in answer.err
    assert "no instance called" not in answer.err


def test_prune_is_no_success_where_it_could_not_ask(engine: Engine) -> None:
    engine.stop()
    pruned = abcd_run("prune")
    assert pruned.status == 1, pruned.err
    assert engine.runtime in pruned.err
