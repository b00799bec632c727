"""Commands that are cancelled while something hangs: they end, and say what is left."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event, Thread, Timer

import pytest

from abcd_run.concurrency.cancel import Token, current
from abcd_run.errors import NoAnswer
from abcd_run.launch import readiness
from abcd_run.model import Stage
from abcd_run.oci import fetch
from abcd_run.oci.store import Store
from abcd_run.plugins import fleet, readiness_kinds
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine
from tests.waiting import SOON, ends_soon, until


def waits(released: Event) -> None:
    released.wait(30)


Engines = Callable[..., list[FakeEngine]]
Run = Callable[..., Ended]


@pytest.fixture
def hanging(engine: FakeEngine) -> Iterator[Callable[[str], None]]:
    """Have a step of the engine hang until the test is over."""
    released = Event()

    def hang(step: str) -> None:
        engine.before[step] = partial(waits, released)

    yield hang
    released.set()
    engine.before.clear()


def test_an_engine_that_is_asked(
    token: Token, engine: FakeEngine, hanging: Callable[[str], None]
) -> None:
    hanging("instances")
    with Fleet(Registry.installed()) as runtimes, ends_soon():
        Timer(0.05, token.set).start()
        runtimes.instances(within=30)


def interrupt(number: signal.Signals = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("step", ["open", "probe", "instances", "provide", "create", "start"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_launch_does_not_wait_for_an_engine_that_hangs(
    step: str,
    number: signal.Signals,
    engine: FakeEngine,
    web: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("abcd_run.launch.launcher.UNDO_SECONDS", 0.3)
    released = Event()

    def hang() -> None:
        interrupt(number)
        released.wait(30)

    engine.before[step] = hang
    began = time.monotonic()
    ended = run("web")
    released.set()
    assert time.monotonic() - began < SOON
    assert ended.status == 130
    if step in ("create", "start"):
        assert "web-fake-1: its engine has not answered" in ended.err
        assert "abcd-run stop web-fake-1; abcd-run prune" in ended.err
    # What was only left behind still undoes itself where the process lives on.
    until(lambda: engine.held == {})


def test_undoing_what_was_cancelled_is_hurried(engine: FakeEngine, web: Path, run: Run) -> None:
    seen: list[tuple[bool, bool]] = []
    engine.before["start"] = interrupt
    engine.before["remove"] = lambda: seen.append((current().hurried, current().is_set()))
    assert run("web").status == 130
    assert seen == [(True, False)]
    assert engine.held == {}


@pytest.mark.parametrize("words", [("show",), ("stop",), ("logs",), ("exec",), ("screenshot",)])
@pytest.mark.parametrize("name", ["web-fake-1", "mine"])
def test_an_engine_that_is_silent_is_told_from_one_without_the_instance(
    words: tuple[str, ...],
    name: str,
    engine: FakeEngine,
    run: Run,
    hanging: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert fleet.FIND_SECONDS < 5
    monkeypatch.setattr(fleet, "FIND_SECONDS", 0.4)
    monkeypatch.setattr(fleet, "LIKELY_SECONDS", 0.1)
    hanging("instances")
    began = time.monotonic()
    ended = run(*words, name, *(["--", "true"] if words == ("exec",) else []))
    assert time.monotonic() - began < SOON
    assert NoAnswer.status == 3
    assert ended.status == (125 if words == ("exec",) else 3)
    assert "fake cannot be used: no answer within" in ended.err
    assert "no instance called" not in ended.err


@pytest.mark.parametrize("words", [("stop", "--all"), ("prune",)])
def test_what_could_not_be_asked_is_no_success(
    words: tuple[str, ...],
    engines: Engines,
    web: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And it does not hide the others."""
    monkeypatch.setattr("abcd_run.session.lifecycle.PATIENT_SECONDS", 0.4)
    silent, _ = engines("silent", "well")
    assert run("--on", "well", "--name", "there", "web").status == 0
    released = Event()
    silent.before["instances"] = partial(waits, released)
    ended = run("--json", *words)
    released.set()
    assert ended.status == 1
    assert [error["code"] for error in ended.json["errors"]] == [3]
    if words == ("stop", "--all"):
        assert ended.json["stopped"] == ["there"]


def test_an_interrupted_stop_says_what_has_gone_and_what_not(
    engine: FakeEngine, web: Path, run: Run
) -> None:
    engine.at_once = 1
    assert run("--count", "3", "web").status == 0
    removed: list[str] = []

    def second() -> None:
        removed.append("")
        if len(removed) == 2:
            interrupt()
            until(lambda: current().is_set())

    engine.before["remove"] = second
    ended = run("--json", "stop", "--all")
    assert ended.status == 130
    (left,) = engine.names()
    assert {*ended.json["stopped"], left} == {f"web-fake-{number}" for number in (1, 2, 3)}
    assert len(ended.json["stopped"]) == 2
    (error,) = ended.json["errors"]
    assert (error["code"], error["remedy"]) == (130, f"abcd-run stop {left}")
    assert left in error["details"]


def test_a_runtime_that_hangs_does_not_hold_up_the_others_at_the_end(
    engines: Engines, web: Path, run: Run
) -> None:
    """Not even when more of its instances are stuck than are removed at the same time."""
    silent, well = engines("silent", "well")
    assert run("--on", "silent", "--count", "5", "--no-wait", "web").status == 0
    assert run("--on", "well", "--count", "2", "--no-wait", "web").status == 0
    released, waited = Event(), []
    silent.before["remove"] = partial(waits, released)

    def release_when_the_others_are_gone() -> None:
        try:
            waited.append(until(lambda: not well.held, within=SOON))
        finally:
            released.set()

    thread = Thread(target=release_when_the_others_are_gone)
    thread.start()
    ended = run("stop", "--all")
    thread.join()
    assert waited
    assert ended.status == 0
    assert silent.held == {}


def test_logs_that_are_followed(
    engine: FakeEngine, web: Path, run: Run, hanging: Callable[[str], None]
) -> None:
    assert run("web").status == 0

    hanging("logs")
    step = engine.before["logs"]

    def hang() -> None:
        interrupt()
        step()

    engine.before["logs"] = hang
    assert run("logs", "-f", "web-fake-1").status == 130


def test_oci_images_are_fetched_by_a_child_that_ends(
    token: Token, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As skopeo that waits for a silent registry."""
    skopeo = home / "bin" / "skopeo"
    skopeo.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    skopeo.chmod(0o755)
    Timer(0.3, token.set).start()
    with ends_soon():
        fetch.fetched(
            Store(home / "store"), "registry.example/a:1", pull="missing", say=lambda _: None
        )


def test_a_page_that_is_silent(
    engine: FakeEngine, web: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who boots for long is given long for an answer, and nobody waits for that after a signal."""
    released = Event()

    def look(*_: object, **__: object) -> readiness_kinds.Answer:
        interrupt()
        released.wait(30)
        return readiness_kinds.Answer(Stage.RUNNING)

    monkeypatch.setattr(readiness, "look", look)
    began = time.monotonic()
    ended = run("web")
    released.set()
    assert time.monotonic() - began < SOON
    assert (ended.status, engine.held) == (130, {})
    assert "everything that was started has been removed" in ended.err


@pytest.mark.parametrize("words", [("images",), ("ps",), ("web",)])
def test_a_host_that_lets_start_no_threads(
    words: tuple[str, ...],
    engine: FakeEngine,
    web: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", fails)
    ended = run(*words)
    assert ended.status == 5
    assert "cannot start more" in ended.err
    assert "ulimit -u" in ended.err
