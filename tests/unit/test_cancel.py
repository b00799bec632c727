"""The token: every kind of wait ends when it is set, and nothing is left of what was begun."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread, Timer

import pytest

from abcd_run import build, fleet, process, readiness
from abcd_run.artifact import oci
from abcd_run.cancel import Token, awaited, call, carried, check, current, each, elsewhere, using
from abcd_run.download import fetch
from abcd_run.errors import ArtifactError, Interrupted, NoAnswer
from abcd_run.fleet import Fleet
from abcd_run.model import Stage
from abcd_run.oci.locks import locked
from abcd_run.oci.store import Store
from abcd_run.once import Once
from abcd_run.parts import part_of
from abcd_run.registry import Registry
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine
from tests.waiting import until

SOON = 2.0
"""Seconds in which a wait ends: far below how long it would last, far above what it takes."""


@pytest.fixture
def token() -> Iterator[Token]:
    with using(Token()) as token:
        yield token


@contextmanager
def ends_soon() -> Iterator[None]:
    began = time.monotonic()
    with pytest.raises(Interrupted):
        yield
    assert time.monotonic() - began < SOON


def test_a_token_is_heeded_where_work_is_carried_to(token: Token) -> None:
    seen = []
    for work in (carried(lambda: seen.append(current())), lambda: seen.append(current())):
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert seen[0] is token
    assert seen[1] is not token


def test_what_is_registered_is_ended_once_and_not_later(token: Token) -> None:
    ended: list[str] = []
    with token.ending(lambda: ended.append("left before")):
        pass
    with token.ending(lambda: ended.append("now"), at_last=lambda: ended.append("at last")):
        token.set()
        assert ended == ["now"]
        token.leave()
    with token.ending(lambda: ended.append("too late")):
        pass
    assert ended == ["now", "at last", "too late"]


def test_a_future_a_call_and_pieces(token: Token) -> None:
    released = Event()

    def endless() -> Iterator[bytes]:
        yield b"one"
        released.wait(30)

    pieces = each(endless())
    assert next(pieces) == b"one"
    future = elsewhere(lambda: released.wait(30))
    for wait in (
        lambda: awaited(future),
        lambda: call(lambda: released.wait(30)),
        lambda: next(pieces),
    ):
        again = Token()
        with using(again), ends_soon():
            Timer(0.05, again.set).start()
            wait()
    with pytest.raises(TimeoutError):
        awaited(future, within=0.01)
    released.set()
    assert awaited(future) is True


def test_pieces_come_in_order_and_their_error_passes(token: Token) -> None:
    def broken() -> Iterator[int]:
        yield from range(200)
        raise ArtifactError("gone")

    found: list[int] = []
    with pytest.raises(ArtifactError, match="gone"):
        found.extend(each(broken()))
    assert found == list(range(200))


def test_who_waits_for_what_another_makes(token: Token) -> None:
    made, released = Once[str](), Event()

    def slow() -> str:
        released.wait(30)
        return "made"

    making = elsewhere(lambda: made.get("key", slow))
    until(lambda: bool(made._futures))
    with using(Token()) as impatient, ends_soon():
        Timer(0.05, impatient.set).start()
        made.get("key", slow)
    released.set()
    assert making.result(10) == "made"


def test_what_was_cancelled_is_made_by_whoever_asks_next() -> None:
    made = Once[str]()

    def cancelled() -> str:
        check()
        return "never"

    with using(Token()) as token:
        token.set()
        with pytest.raises(Interrupted):
            made.get("key", cancelled)
    assert made.get("key", lambda: "made") == "made"


HOLDS = """
import fcntl, sys, time
file = open(sys.argv[1], "a+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def held_by_another(file: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(file)], stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout
            assert other.stdout.readline() == "held\n"
            yield
        finally:
            other.kill()


def test_a_lock_of_another_process(token: Token, tmp_path: Path) -> None:
    with held_by_another(tmp_path / "lock"), ends_soon():
        Timer(0.05, token.set).start()
        with locked(tmp_path / "lock"):
            pytest.fail("it is held by another")


def test_anothers_build(token: Token, home: Path) -> None:
    with held_by_another(build._folder() / "web.lock"), ends_soon():
        Timer(0.05, token.set).start()
        with build._locked("web", lambda _: None):
            pytest.fail("another builds it")


def test_anothers_part_file(token: Token, tmp_path: Path) -> None:
    with part_of(tmp_path / "a"), ends_soon():
        Timer(0.05, token.set).start()
        with part_of(tmp_path / "a"):
            pytest.fail("another writes it")


def runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("obeys", [True, False])
def test_a_silent_child_and_all_that_it_has_begun(
    obeys: bool, token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `prepare`: it says nothing, and what it waits for holds its output open."""
    monkeypatch.setattr(process, "KILL_SECONDS", 0.3)
    pids = tmp_path / "pids"
    trap = "" if obeys else "trap '' TERM;"
    script = f"{trap} sleep 60 & echo $$ $! >{pids}.new; mv {pids}.new {pids}; wait; sleep 60"

    def cancel_when_it_runs() -> None:
        until(pids.exists)
        token.set()

    Thread(target=cancel_when_it_runs).start()
    with ends_soon():
        process.run(["sh", "-c", script], doing="preparing", say=lambda _: None)
    until(lambda: not any(runs(int(pid)) for pid in pids.read_text().split()), within=SOON)


def test_a_child_is_not_even_begun_when_it_is_cancelled(token: Token, tmp_path: Path) -> None:
    token.set()
    with ends_soon():
        process.run(["touch", str(tmp_path / "a")], doing="touching", say=lambda _: None)
    assert not (tmp_path / "a").exists()


def test_leaving_kills_what_does_not_obey(token: Token, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"trap '' TERM; echo $$ >{pids}.new; mv {pids}.new {pids}; sleep 60; sleep 60"
    work = elsewhere(
        lambda: process.run(["sh", "-c", script], doing="preparing", say=lambda _: None)
    )
    until(pids.exists)
    token.leave()
    assert isinstance(work.exception(SOON), Interrupted)
    until(lambda: not runs(int(pids.read_text())), within=SOON)


def test_a_child_that_ends_says_how(token: Token) -> None:
    said: list[str] = []
    with pytest.raises(ArtifactError, match="exit status 3") as caught:
        process.run(["sh", "-c", "echo one; echo two >&2; exit 3"], doing="it", say=said.append)
    assert said == ["it: one", "it: two"]
    assert caught.value.details == "one\ntwo"
    ended = process.ran(["sh", "-c", "echo out; echo err >&2; exit 4"])
    assert (ended.returncode, ended.stdout, ended.stderr) == (4, b"out\n", b"err\n")


@contextmanager
def silent_server(*, says: bytes = b"") -> Iterator[str]:
    """A server that accepts and then says no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            connection, _ = server.accept()
            kept.append(connection)
            connection.sendall(says)

        Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a.iso"
        for connection in kept:
            connection.close()


STALLS = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + bytes(100_000)


@pytest.mark.parametrize("says", [b"", STALLS], ids=["never answers", "stalls"])
def test_a_server_that_is_silent(says: bytes, token: Token, tmp_path: Path) -> None:
    with silent_server(says=says) as url, ends_soon():
        Timer(0.3, token.set).start()
        fetch(url, tmp_path / "a")
    part = tmp_path / "a.part"
    assert (part.read_bytes() if part.exists() else b"") == says.partition(b"\r\n\r\n")[2]


def test_an_image_that_is_read(token: Token, tmp_path: Path) -> None:
    """Reading a large image notices it after a megabyte."""
    from abcd_run.oci.stream import Stream

    class Endless:
        def read(self, size: int) -> bytes:
            return bytes(size)

        def close(self) -> None:
            pass

    Timer(0.05, token.set).start()
    with ends_soon():
        Stream(Endless()).drain(1 << 60)


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
    monkeypatch.setattr("abcd_run.launch.UNDO_SECONDS", 0.3)
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
    assert ended.status == NoAnswer.status == 3
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
    monkeypatch.setattr("abcd_run.commands.ends.PATIENT_SECONDS", 0.4)
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
    engine: FakeEngine, web: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("abcd_run.commands.ends.WORKERS", 1)
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
        oci._fetch(
            Store(home / "store"), "registry.example/a:1", pull="missing", say=lambda _: None
        )


def test_a_page_that_is_silent(
    engine: FakeEngine, web: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who boots for long is given long for an answer, and nobody waits for that after a signal."""
    released = Event()

    def look(*_: object, **__: object) -> readiness.Answer:
        interrupt()
        released.wait(30)
        return readiness.Answer(Stage.RUNNING)

    monkeypatch.setattr(readiness, "look", look)
    began = time.monotonic()
    ended = run("web")
    released.set()
    assert time.monotonic() - began < SOON
    assert (ended.status, engine.held) == (130, {})
    assert "what was begun has been removed" in ended.err


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
    assert "this host lets you start no more" in ended.err
    assert "ulimit -u" in ended.err
