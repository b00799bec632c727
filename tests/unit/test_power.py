"""Instances that end, stand still and go on; what is asked before files are lost."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from abcd_run import Session
from abcd_run.errors import AbcdRunError, LaunchFailed
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine, FakeRuntime

Run = Callable[..., Ended]
NAME, ID = "web-fake-1", "fake-0001"


@pytest.fixture
def lab(engine: FakeEngine, web: Path) -> Iterator[Session]:
    with Session() as lab:
        lab.launch("web")
        engine.calls.clear()
        yield lab


def ends(engine: FakeEngine) -> None:
    """Have the instance end by itself, or by a reboot."""
    engine.held[ID].state = "exited with status 0"
    engine.held[ID].close()


def test_what_has_ended_is_started_with_new_addresses(lab: Session, engine: FakeEngine) -> None:
    before = lab.show(NAME)
    ends(engine)
    (started,) = lab.start(NAME)
    assert started.url("web") != before.url("web")
    assert (str(started.stage), started.password) == ("ready", before.password)
    assert "start" in engine.calls


def test_to_start_what_runs_is_to_wait_for_it(lab: Session, engine: FakeEngine) -> None:
    (started,) = lab.start(NAME)
    assert str(started.stage) == "ready"
    assert "start" not in engine.calls


def test_what_never_ran_is_not_started(lab: Session, engine: FakeEngine) -> None:
    engine.held[ID].state = "created"
    with pytest.raises(LaunchFailed, match="never ran") as caught:
        lab.start(NAME)
    assert "abcd-run prune" in caught.value.remedy


def test_what_has_ended_names_the_way_back(lab: Session, engine: FakeEngine) -> None:
    ends(engine)
    for act in (lambda: lab.exec(NAME, ["id"]), lambda: lab.open(NAME), lambda: lab.suspend(NAME)):
        with pytest.raises(AbcdRunError, match=f"{NAME} is not running: exited") as caught:
            act()
        assert f"abcd-run start {NAME}" in caught.value.remedy


def test_restart(lab: Session, engine: FakeEngine) -> None:
    lab.restart(NAME)
    assert "restart" in engine.calls
    ends(engine)
    engine.calls.clear()
    lab.restart(NAME)
    assert ("restart" in engine.calls, "start" in engine.calls) == (False, True)


def test_what_stands_still_says_so_and_goes_on(lab: Session, engine: FakeEngine, run: Run) -> None:
    assert run("suspend", NAME).out.startswith(f"{NAME} is suspended\n")
    assert "suspended" in run("ps").out
    with pytest.raises(LaunchFailed, match="is suspended") as caught:
        lab.exec(NAME, ["id"])
    assert caught.value.remedy == f"abcd-run resume {NAME}"
    assert run("prune", "--ended").out == "pruned nothing\n"
    assert run("resume", NAME).out.startswith(f"{NAME} is ready\n")


@pytest.mark.parametrize("command", ["start", "restart", "suspend", "resume"])
def test_a_wrong_name(lab: Session, run: Run, command: str) -> None:
    ended = run("--json", command, "web-fake-9")
    assert (ended.status, ended.json["instances"]) == (2, [])
    assert ended.json["errors"][0]["name"] == "web-fake-9"
    assert run(command).status == 2


def test_prune_keeps_what_ran(lab: Session, engine: FakeEngine, run: Run) -> None:
    lab.launch("web")
    engine.held["fake-0002"].state = "created"
    ends(engine)
    kept = run("--json", "prune").json
    assert kept == {"pruned": ["web-fake-2"], "kept": [NAME], "errors": []}
    assert f"kept {NAME}, which has ended: abcd-run start {NAME}" in run("prune").out
    assert run("--json", "prune", "--ended").json == {"pruned": [NAME], "kept": [], "errors": []}
    assert engine.held == {}


class Terminal:
    """A person's terminal: it says that it is one, and takes their answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
        self.asked: list[str] = []
        self.answer = answer
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        monkeypatch.setattr(typer, "confirm", self.confirm)

    def confirm(self, question: str, *, err: bool) -> bool:
        assert err
        self.asked.append(question)
        return self.answer


@pytest.fixture
def inside(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home inside: commands of a fake instance run on this host."""
    folder = home / "inside"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{home}/bin:/usr/bin:/bin")
    monkeypatch.setattr(FakeRuntime, "home", str(folder))
    return folder


@pytest.mark.parametrize("words", [(NAME,), ("--all",)])
def test_stop_asks_before_files_are_lost(
    lab: Session,
    engine: FakeEngine,
    inside: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    terminal = Terminal(monkeypatch, answer=False)
    (inside / ".hidden").write_text("no work of a person's")
    (inside / "bo\x1bok").write_text("a thesis")
    ended = run("stop", *words)
    assert (ended.status, terminal.asked) == (2, ["Stop and lose them?"])
    assert f"{NAME} has files that are kept nowhere else: 'bo" in ended.err
    assert "\x1b" not in ended.err
    assert ".hidden" not in ended.err
    assert engine.names() == [NAME]
    terminal.answer = True
    assert run("stop", *words).status == 0
    assert engine.names() == []


def test_stop_asks_nothing_without_files_a_terminal_or_with_yes(
    lab: Session, engine: FakeEngine, inside: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inside / "thesis").write_text("a thesis")
    assert run("stop", NAME).status == 0
    terminal = Terminal(monkeypatch, answer=False)
    for words in (("--yes",), ("--json",)):
        lab.launch("web")
        assert run("stop", *words, NAME).status == 0
    (inside / "thesis").unlink()
    lab.launch("web")
    assert run("stop", NAME).status == 0
    assert terminal.asked == []


def test_what_has_ended_may_hold_files(
    lab: Session, engine: FakeEngine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(monkeypatch, answer=True)
    ends(engine)
    ended = run("stop", NAME)
    assert f"{NAME} has ended and may have files" in ended.err
    assert (ended.status, len(terminal.asked)) == (0, 1)
