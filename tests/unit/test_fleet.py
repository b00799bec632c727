"""Several runtimes at once: asked side by side, one that hangs or breaks is a note."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Timer

import pytest

from abcd_run.errors import LaunchFailed, NoRuntime, NoSuchInstance, UsageError
from abcd_run.model import Format, Instance
from abcd_run.plugins import fleet as module
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.runtime import Problem
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine, fails

Engines = Callable[..., list[FakeEngine]]
Run = Callable[..., Ended]


def test_each_runtime_is_opened_once_and_closed(engines: Engines) -> None:
    one, two = engines("one", "two")
    with Fleet(Registry.installed()) as fleet:
        assert fleet.runtime("one") is fleet.runtime("one")
        fleet.instances()
        fleet.instances()
    for engine in (one, two):
        assert (engine.calls.count("open"), engine.calls.count("close")) == (1, 1)
        assert engine.calls[-1] == "close"


def test_what_this_host_lacks_is_not_opened(engines: Engines) -> None:
    _, two = engines("one", "two")
    two.problem = Problem("two is not installed", "apt install two")
    with Fleet(Registry.installed()) as fleet:
        assert fleet.present() == ["one"]
        assert fleet.instances() == ([], [])
        with pytest.raises(NoRuntime, match="two cannot be used: two is not installed") as caught:
            fleet.runtime("two")
    assert caught.value.remedy == "apt install two"
    assert "open" not in two.calls


@pytest.mark.parametrize("step", ["open", "instances"])
def test_runtimes_that_hang_are_notes_in_time(
    step: str, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them together take no longer than one."""
    monkeypatch.setattr(module, "ASK_SECONDS", 1.0)
    released = Event()
    for engine in engines("one", "two", "three", "well"):
        if engine.name != "well":
            engine.before[step] = lambda: assert_released(released)
    began = time.monotonic()
    fleet = Fleet(Registry.installed())
    try:
        answers, failures = fleet.ask(["one", "two", "three", "well"], lambda r: r.instances())
        assert time.monotonic() - began < 2.5
        assert answers == {"well": []}
        assert [failure.runtime for failure in failures] == ["one", "two", "three"]
        assert failures[0].error.message == "one cannot be used: no answer within 1 s"
        assert failures[0].error.remedy == "abcd-run doctor"
    finally:
        released.set()


def assert_released(released: Event) -> None:
    assert released.wait(20)


HANGS = """
import sys, threading
from abcd_run import commands
from abcd_run.plugins import fleet
from abcd_run.testing.fake import ENGINES
fleet.ASK_SECONDS = 0.2
ENGINES["fake"].before["instances"] = lambda: threading.Event().wait(60)
sys.exit(commands.run(sys.argv[1:]))
"""


def test_a_runtime_that_hangs_does_not_hold_up_the_end_of_ps(plugins: Callable[..., Path]) -> None:
    """The process ends although the runtime never answers."""
    plugins(fake="abcd_run.testing.fake:BACKENDS.fake")
    command = [sys.executable, "-c", HANGS, "ps"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 0
    assert "fake cannot be used: no answer within 0.2 s" in ended.stderr


@pytest.mark.parametrize("step", ["missing", "open", "instances", "probe"])
@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), NoRuntime("its daemon is down")])
def test_a_runtime_that_breaks_is_a_note(
    step: str, error: Exception, engines: Engines, run: Run
) -> None:
    broken, _ = engines("broken", "well")
    broken.before[step] = fails(error)
    assert run("ps").status == 0
    runtimes = run("runtimes", "--json").json["runtimes"]
    usable = {one["name"]: one["usable"] for one in runtimes}
    assert usable == {"broken": step == "instances", "well": True}
    doctor = run("doctor")
    assert doctor.status == 0
    if step != "instances":
        assert str(error) in next(one["problem"] for one in runtimes if one["name"] == "broken")
        assert str(error) in doctor.out


def test_ps_of_a_runtime_that_was_asked_for_by_name(engine: FakeEngine, run: Run) -> None:
    engine.before["instances"] = fails(NoRuntime("its daemon is down", remedy="start it"))
    assert run("ps").status == 0
    ended = run("ps", "--json", "--on", "fake")
    assert ended.status == 3
    assert [error["message"] for error in ended.json["errors"]] == ["its daemon is down"]


@pytest.mark.parametrize("on", [(), ("all",), ("auto",), ("one", "two")])
def test_instances_of_all(on: tuple[str, ...], engines: Engines, web: Path, run: Run) -> None:
    """In the order of their creation, whatever the runtime."""
    engines("one", "two")
    for runtime in ("two", "one", "two"):
        assert run("--on", runtime, "--no-wait", "web").status == 0
    with Fleet(Registry.installed()) as fleet:
        instances, errors = fleet.instances(on)
    assert errors == []
    assert [one.name for one in instances] == ["web-two-1", "web-one-1", "web-two-2"]


def test_find(engines: Engines, web: Path, run: Run) -> None:
    engines("one", "two")
    assert run("--on", "one", "--name", "same", "web").status == 0
    assert run("--on", "two", "--name", "same", "web").status == 0
    assert run("--on", "two", "--name", "other", "web").status == 0
    with Fleet(Registry.installed()) as fleet:
        other = fleet.find("other")
        assert isinstance(other, Instance)
        assert (other.name, other.runtime) == ("other", "two")
        assert fleet.find("same", ("two",)).runtime == "two"
        with pytest.raises(UsageError, match="same is on one and two") as several:
            fleet.find("same")
        assert several.value.remedy == "add --on one"
        with pytest.raises(NoSuchInstance, match="no instance called 'oth'") as none:
            fleet.find("oth")
        assert "did you mean other" in none.value.remedy


def test_find_says_which_runtimes_it_could_not_ask(engines: Engines) -> None:
    one, _ = engines("one", "two")
    one.before["instances"] = fails(LaunchFailed("one is down"))
    with (
        Fleet(Registry.installed()) as fleet,
        pytest.raises(NoSuchInstance) as caught,
    ):
        fleet.find("x")
    assert "one is down" in caught.value.details


def test_find_waits_for_the_slow(
    engines: Engines, web: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `ps` leaves out because it takes long is not said to be none."""
    monkeypatch.setattr(module, "ASK_SECONDS", 0.2)
    slow, _ = engines("slow", "well")
    assert run("--on", "slow", "--name", "there", "web").status == 0
    released = Event()
    slow.before["instances"] = lambda: assert_released(released)
    with Fleet(Registry.installed()) as fleet:
        assert [failure.runtime for failure in fleet.instances()[1]] == ["slow"]
        Timer(2 * module.ASK_SECONDS, released.set).start()
        assert fleet.find("there").runtime == "slow"
        assert released.is_set()


def test_all_means_those_that_take_the_image(engines: Engines, web: Path, run: Run) -> None:
    one, two, three = engines("one", "two", "three")
    two.accepts = (Format.ISO,)
    three.problem = Problem("not here")
    ended = run("--json", "--on", "all", "web")
    assert ended.status == 0
    assert [launched["runtime"] for launched in ended.json["instances"]] == ["one"]
    assert len(one.held) == 1
