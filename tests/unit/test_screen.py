"""A picture of an instance's screen, whichever side can take one."""

import os
import resource
from collections.abc import Callable
from json import dumps
from pathlib import Path

import pytest

from abcd_run import limits
from abcd_run.errors import LaunchFailed
from abcd_run.host.bounded_output import printed
from abcd_run.launch import screen
from abcd_run.model import Instance
from abcd_run.runtime import Runtime
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine, FakeRuntime, FakeWithScreen, fails
from tests.running import runs_with
from tests.waiting import until

Run = Callable[..., Ended]

PICTURE = screen.PNG + b"what is seen"


def instance(script: str = "") -> Instance:
    """Return an instance whose profile names a shell script as its screen's command."""
    facts = {"account": "abcd", "screen": ["/bin/sh", "-c", script] if script else []}
    return Instance("one", "fake", "1", {"abcd-run.profile": dumps(facts)}, running=True)


def prints(picture: bytes, tmp_path: Path, *, then: str = "") -> str:
    file = tmp_path / "picture"
    file.write_bytes(picture)
    return f"/bin/cat '{file}'; {then}"


@pytest.fixture
def runtime() -> Runtime:
    """A runtime that can run commands but has no screens."""
    return FakeRuntime(FakeEngine())


def test_the_runtimes_own_picture() -> None:
    engine = FakeEngine(picture=PICTURE)
    own = FakeWithScreen(engine)
    assert screen.has_screen(own, instance())
    # It takes precedence over the profile's command, which needs the whole system to work.
    assert screen.picture(own, instance("exit 1")) == PICTURE
    engine.before["screenshot"] = fails(LaunchFailed("it is dark"))
    with pytest.raises(LaunchFailed, match="it is dark"):
        screen.picture(own, instance())


def test_the_command_inside(runtime: Runtime, tmp_path: Path) -> None:
    pictured = instance(
        prints(PICTURE, tmp_path, then='test "$FAKE_USER $FAKE_TTY" = "abcd False"')
    )
    assert screen.has_screen(runtime, pictured)
    assert screen.picture(runtime, pictured) == PICTURE


@pytest.mark.parametrize(
    ("picture", "then", "why"),
    [
        (b"Error: no display", "", ""),
        (b"", "", ""),
        (screen.PNG[:-1], "", ""),
        (b"GIF89a", "echo only a GIF >&2", "only a GIF"),
        (PICTURE, "echo cut off >&2; exit 3", "cut off"),
    ],
)
def test_what_is_no_picture(
    picture: bytes, then: str, why: str, runtime: Runtime, tmp_path: Path
) -> None:
    with pytest.raises(LaunchFailed, match="cannot take a picture of one's screen") as caught:
        screen.picture(runtime, instance(prints(picture, tmp_path, then=then)))
    assert caught.value.details == why
    assert caught.value.remedy == "abcd-run logs one"


def test_a_command_that_hangs(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "never")
    monkeypatch.setattr(screen, "SECONDS", 0.05)
    with pytest.raises(LaunchFailed) as caught:
        screen.picture(runtime, instance(f"exec /bin/cat '{tmp_path}/never'"))
    assert caught.value.details == "no picture within 0.05 s"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("wraps", ["{}", "{} & wait", "({} &)"])
def test_a_picture_without_end(
    wraps: str, runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed with everything it started, and none of its output is kept."""
    monkeypatch.setattr(limits, "PICTURE_BYTES", 1 << 20)
    endless = f"yes '{tmp_path}'"
    before = peak()
    with pytest.raises(LaunchFailed) as caught:
        screen.picture(runtime, instance(wraps.format(endless)))
    assert caught.value.details == "its command printed more than 1 MiB"
    assert peak() - before < 32 << 20
    until(lambda: not runs_with(str(tmp_path)))


@pytest.mark.timeout(60)
def test_complaints_without_end(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TEXT_BYTES", 1 << 16)
    said = printed(["/bin/sh", "-c", "head -c 9000000 /dev/zero >&2"], seconds=30, most=1)
    assert len(said.err) < 1 << 18
    monkeypatch.setattr(screen, "SECONDS", 0.2)
    with pytest.raises(LaunchFailed) as caught:
        screen.picture(runtime, instance(f"yes '{tmp_path}' >&2"))
    assert caught.value.details == "no picture within 0.2 s"
    until(lambda: not runs_with(str(tmp_path)))


@pytest.mark.timeout(60)
def test_a_command_whose_child_holds_its_output(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "SECONDS", 0.2)
    os.mkfifo(tmp_path / "never")
    with pytest.raises(LaunchFailed) as caught:
        screen.picture(runtime, instance(f"/bin/cat '{tmp_path}/never' & exit 0"))
    assert caught.value.details == "no picture within 0.2 s"
    until(lambda: not runs_with(str(tmp_path)))


@pytest.mark.parametrize(
    ("own", "why"),
    [(PICTURE + b"x" * 99, "more than 32 B"), (b"<html>", "it is not a PNG")],
)
def test_what_a_runtime_must_not_take_for_a_picture(
    own: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PICTURE_BYTES", 32)
    with pytest.raises(LaunchFailed, match="cannot take a picture") as caught:
        screen.picture(FakeWithScreen(FakeEngine(picture=own)), instance())
    assert caught.value.details == why


def peak() -> int:
    """Return this process's peak memory, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_no_screen(runtime: Runtime) -> None:
    assert not screen.has_screen(runtime, instance())
    with pytest.raises(LaunchFailed, match="one has no screen") as caught:
        screen.picture(runtime, instance())
    assert caught.value.remedy == "abcd-run open one"


def test_a_profiles_command(engine: FakeEngine, web: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "picture").write_bytes(PICTURE)
    with web.open("a") as file:
        file.write(f"\n[screen]\ncommand = ['/bin/cat', '{tmp_path}/picture']\n")
    assert run("web").status == 0
    ended = run("screenshot", "web-fake-1", "-o", str(tmp_path / "out.png"))
    assert ended.status == 0, ended.err
    assert (tmp_path / "out.png").read_bytes() == PICTURE
