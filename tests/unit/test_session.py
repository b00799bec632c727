"""`Session`, as Python programs use it: results, errors, threads, silence."""

import inspect
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

import abcd_run
from abcd_run import Session, session
from abcd_run.concurrency.cancel import Token, elsewhere
from abcd_run.errors import (
    AbcdRunError,
    ArtifactError,
    HostTooSmall,
    Interrupted,
    LaunchFailed,
    NoSuchInstance,
    NotReady,
    UsageError,
)
from abcd_run.model import Stage
from abcd_run.runtime import Probe, Problem
from abcd_run.session import Event as Told
from abcd_run.testing.fake import FakeEngine, fails
from tests.waiting import SOON, until

Engines = Callable[..., list[FakeEngine]]
NEVER = {"ready.console": "nobody prints this"}


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def waits(event: Event) -> Callable[[], None]:
    def wait() -> None:
        event.wait(30)

    return wait


@pytest.fixture
def lab(engine: FakeEngine, web: Path) -> Iterator[Session]:
    with Session() as lab:
        yield lab


def test_a_class_elsewhere_needs_no_memory_of_this_host(
    lab: Session, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("abcd_run.host.this_host.memory_available", lambda: 2**30)
    monkeypatch.setattr("abcd_run.host.this_host.has_plenty", lambda _: False)
    changes = {"resources.memory": "1GiB"}
    with pytest.raises(HostTooSmall):
        lab.launch("web", count=4, set=changes)
    engine.elsewhere = True
    assert len(lab.launch("web", count=4, set=changes, wait=False).instances) == 4


def test_the_public_names() -> None:
    assert abcd_run.__all__ == ["Session", "__version__"]
    assert session.__all__ == [
        "Checked", "Copied", "Diagnosis", "Event", "Executed", "FamilyReference", "Fits", "Image",
        "Images", "Instances", "Launched", "ListedDisk", "Plans", "Publish", "Published",
        "PublishedVariant", "Pulled", "PulledImage", "Removed", "Row", "RuntimeStatus",
        "Session", "Unkept", "Verified", "Written", "WrittenStick",
    ]  # fmt: skip
    assert all(inspect.isclass(getattr(session, name)) for name in session.__all__)
    methods = {name for name in dir(Session) if not name.startswith("_")}
    assert methods == {
        "artifact", "build", "cancel", "close", "copy_in", "copy_out", "disks", "doctor", "exec",
        "exec_line", "find", "images", "instances", "launch", "logs", "open", "plan", "prune",
        "publish", "pull", "restart", "resume", "runtimes", "screenshot", "show", "start", "stop",
        "stop_all", "suspend", "unkept", "verify", "wait", "write",
    }  # fmt: skip
    for module in (abcd_run, session):
        with pytest.raises(AttributeError, match="nosuch"):
            module.nosuch  # noqa: B018


def test_to_import_the_package_imports_nothing_else() -> None:
    script = "import sys, abcd_run; print(*(n for n in sys.modules if n.startswith('abcd_run')))"
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["abcd_run"]


def test_the_whole_flow(lab: Session, engine: FakeEngine) -> None:
    engine.picture = b"\x89PNG\r\n\x1a\n"
    done = lab.launch("web", count=2)
    assert [(one.name, one.stage) for one in done] == [
        ("web-fake-1", Stage.READY),
        ("web-fake-2", Stage.READY),
    ]
    seat = done.instances[0]
    (held, _) = engine.held.values()
    assert (seat.password, seat.user, seat.image) == (held.plan.seed.password, "abcd", "web")
    assert seat.url("web") == seat.url() == f"http://127.0.0.1:{held.ports[8080].address[1]}/"
    with pytest.raises(UsageError, match="no endpoint 'nosuch'"):
        seat.url("nosuch")
    assert [one.name for one in lab.instances()] == [one.name for one in done]
    assert lab.show(seat).stage is Stage.READY
    assert lab.wait(*done, timeout=5).errors == ()
    assert lab.exec(seat.name, ["/bin/sh", "-c", "echo $FAKE_USER"]).stdout == "abcd\n"
    assert lab.exec(seat, ["/bin/sh", "-c", "exit 7"]).status == 7
    assert b"".join(lab.logs(seat)) == b"fake: up\n"
    assert lab.screenshot(seat) == engine.picture
    assert lab.stop(seat).names == (seat.name,)
    assert lab.stop_all().names == ("web-fake-2",)
    assert engine.held == {}


def test_what_touches_no_instance(lab: Session, engine: FakeEngine) -> None:
    (plan,) = lab.plan("web", memory="1MiB", set={"resources.cpus": 2}).plans
    assert (plan.resources.memory, plan.resources.cpus) == (2**20, 2)
    assert "fake run" in lab.plan("web").native["web-fake-1"]
    assert "web" in [image.name for image in lab.images().images]
    assert [one.id for one in lab.pull("web").images] == ["localhost/abcdic-web:latest"]
    assert [(one.name, one.usable) for one in lab.runtimes()] == [("fake", True)]
    diagnosis = lab.doctor("web")
    assert diagnosis.usable
    assert diagnosis.fits
    assert diagnosis.fits.count > 0
    assert engine.held == {}
    with pytest.raises(UsageError, match="'vdi'"):
        lab.artifact("web", "vdi", "x")


def test_an_error_says_what_to_do(lab: Session, engine: FakeEngine) -> None:
    with pytest.raises(ArtifactError, match="no image called 'wbe'") as caught:
        lab.launch("wbe")
    assert (caught.value.status, caught.value.remedy) == (4, "did you mean web?")
    with pytest.raises(NoSuchInstance) as missing:
        lab.stop("web-fake-1")
    assert missing.value.remedy == "abcd-run ps"
    engine.before["create"] = fails(LaunchFailed("no", remedy="try that"))
    with pytest.raises(LaunchFailed) as failed:
        lab.launch("web", count=2)
    assert failed.value.remedy == "try that"
    assert failed.value.__notes__ == ["web-fake-2: no"]
    assert [one.name for one in lab.launch("web", check=False).errors] == ["web-fake-1"]


def test_a_launch_that_fails_partly(engines: Engines, web: Path) -> None:
    one, two = engines("one", "two")
    one.before["create"] = fails(LaunchFailed("no"))
    with Session() as lab:
        done = lab.launch("web", on=["one", "two"], count=2)
        assert [seat.name for seat in done.instances] == ["web-two-1", "web-two-2"]
        assert [(e.runtime, e.name, e.error.message) for e in done.errors] == [
            ("one", "web-one-1", "no"),
            ("one", "web-one-2", "no"),
        ]
        two.page = 503
        late = lab.launch("web", on="two", timeout=0.05)
        assert [seat.stage for seat in late] == [Stage.REACHABLE]
        assert isinstance(late.errors[0].error, NotReady)


def test_events(engine: FakeEngine, web: Path) -> None:
    engine.probed = Probe(notes=("no limits here",))
    heard: list[Told] = []
    with Session(progress=heard.append) as lab:
        done = lab.launch("web")
    assert heard[0] == Told("", "fake: no limits here", note=True, of_host=True)
    assert done.notes == ("fake: no limits here",)
    stages = [one.stage for one in heard if one.stage is not None]
    assert (stages, stages[-1]) == (sorted(set(stages)), Stage.READY)
    assert {one.name for one in heard[1:]} == {"web-fake-1"}


def test_nothing_is_printed_and_no_signal_handled(
    engines: Engines, web: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine, broken = engines("fake", "broken")
    broken.problem = Problem("not installed")
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
    before = [signal.getsignal(number) for number in numbers]
    engine.before["provide"] = lambda: during.append([signal.getsignal(n) for n in numbers])
    during: list[object] = []
    with Session() as lab:
        lab.launch("web", on=["fake", "broken"], count=2)
        lab.doctor("web")
        lab.runtimes()
        lab.exec("web-fake-1", ["/bin/sh", "-c", "echo out; echo err >&2"])
        lab.stop("web-fake-1", "nosuch")
        lab.prune()
        engine.before["remove"] = fails(LaunchFailed("stuck"), times=1)
        with pytest.raises(LaunchFailed):
            lab.stop_all()
    assert during == [before]
    assert [signal.getsignal(number) for number in numbers] == before
    assert capfd.readouterr() == ("", "")


def test_two_threads_on_one_session(lab: Session, engine: FakeEngine) -> None:
    both = Barrier(2, timeout=SOON)

    def meet() -> None:
        both.wait()

    engine.before["start"] = meet

    def launched(name: str) -> str:
        return lab.launch("web", name=name).instances[0].name

    first, second = (elsewhere(lambda name=name: launched(name)) for name in ("one", "two"))  # type: ignore[misc]
    assert {first.result(SOON), second.result(SOON)} == {"one", "two"}
    assert engine.calls.count("open") == 1
    assert sorted(engine.names()) == ["one", "two"]


@pytest.mark.slow
def test_two_sessions_at_once(engine: FakeEngine, web: Path) -> None:
    hang = Event()
    with Session() as one, Session() as two:
        engine.before["provide"] = waits(hang)
        launching = elsewhere(lambda: one.launch("web"))
        until(lambda: "provide" in engine.calls)
        engine.before.clear()
        (seat,) = two.launch("web")
        one.cancel()  # the other one goes on
        with pytest.raises(Interrupted):
            launching.result(5)
        hang.set()
        assert [instance.name for instance in two.instances()] == [seat.name]
        one.close()
        assert [instance.name for instance in two.instances()] == [seat.name]


def test_a_launch_is_cancelled_from_another_thread(lab: Session, engine: FakeEngine) -> None:
    def cancel_when_it_runs() -> None:
        # Of the three that begin side by side, one may wait before another has been created.
        until(lambda: engine.calls.count("create") == 3 and "logs" in engine.calls)
        lab.cancel()

    thread = Thread(target=cancel_when_it_runs)
    thread.start()
    with pytest.raises(Interrupted, match="everything that was started has been removed"):
        lab.launch("web", count=3, set=NEVER)
    thread.join()
    assert engine.calls.count("create") == 3
    assert engine.held == {}
    assert len(lab.launch("web")) == 1  # only what was under way is cancelled


def test_ctrl_c_in_a_program_undoes_the_launch(lab: Session, engine: FakeEngine) -> None:
    engine.before["logs"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        lab.launch("web", set=NEVER)
    assert "remove" in engine.calls
    assert engine.held == {}


def test_logs_are_cancelled_and_the_rest_is_not(lab: Session, engine: FakeEngine) -> None:
    released = Event()
    (seat,) = lab.launch("web")
    engine.before["logs"] = waits(released)
    pieces = lab.logs(seat, follow=True)
    reading = elsewhere(lambda: list(pieces))
    until(lambda: "logs" in engine.calls)
    lab.cancel()
    with pytest.raises(Interrupted):
        reading.result(SOON)
    released.set()
    assert lab.show(seat).name == seat.name


def test_a_session_under_a_token_cancels_nothing_that_has_ended(
    token: Token, engine: FakeEngine, web: Path
) -> None:
    """As on the command line, where one token is for all that a command does."""
    with Session() as lab:
        (seat,) = lab.launch("web")
        assert list(lab.logs(seat)) == [b"fake: up\n"]
    assert not token.is_set()
    with Session() as lab:
        token.set()
        with pytest.raises(Interrupted):
            lab.show(seat)


def test_what_an_ephemeral_session_began_is_ended(engine: FakeEngine, web: Path) -> None:
    with Session() as lab:
        lab.launch("web", name="stays")
    with Session(ephemeral=True) as lab:
        lab.launch("web", count=2)
        lab.stop("web-fake-1")
        lab.launch("web")
    assert engine.names() == ["stays"]

    def fail() -> None:
        with Session(ephemeral=True) as lab:
            lab.launch("web", wait=False)
            assert len(engine.held) == 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert engine.names() == ["stays"]


def test_another_one_under_the_same_id_is_not_ended(engine: FakeEngine, web: Path) -> None:
    with Session(ephemeral=True) as lab:
        (seat,) = lab.launch("web")
        engine.held.pop(seat.instance.runtime_id).close()
        (other,) = Session().launch("web", name="other")
        engine.held[seat.instance.runtime_id] = engine.held.pop(other.instance.runtime_id)
    assert engine.names() == ["other"]


def test_what_cannot_be_ended_is_told_and_hides_no_error(engine: FakeEngine, web: Path) -> None:
    lab = Session(ephemeral=True)
    lab.launch("web", count=2)
    engine.before["remove"] = fails(LaunchFailed("stuck"), times=1)
    with pytest.raises(LaunchFailed, match="stuck"):
        lab.close()
    assert len(engine.held) == 1

    def fail() -> None:
        with Session(ephemeral=True) as lab:
            lab.launch("web")
            engine.before["remove"] = fails(LaunchFailed("stuck"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        fail()
    assert caught.value.__notes__ == ["it could not be removed either: stuck"]


def test_a_session_that_is_closed(lab: Session, engine: FakeEngine) -> None:
    lab.launch("web")
    lab.close()
    lab.close()
    assert engine.calls.count("close") == 1
    with pytest.raises(UsageError, match="session is closed"):
        lab.instances()
    with pytest.raises(UsageError, match="session is closed"):
        lab.launch("web")


def test_the_users_own_runtimes_are_the_default(engines: Engines, web: Path, home: Path) -> None:
    engines("one", "two")
    (home / ".config" / "abcd-run" / "config.toml").write_text('on = ["two"]')
    with Session() as lab:
        assert len(lab.instances()) == 0
        assert [seat.runtime for seat in lab.launch("web")] == ["two"]
        assert [plan.runtime for plan in lab.plan("web", on="one").plans] == ["one"]


@pytest.mark.parametrize("method", ["stop", "wait"])
def test_of_nothing_nothing_is_asked(method: str, lab: Session) -> None:
    with pytest.raises(AbcdRunError, match="which instance"):
        getattr(lab, method)()
