"""The display: plain lines in files, live lines on terminals."""

import io
import os
import pty
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from abcd_run.launch.progress import Silent
from abcd_run.model import Stage
from abcd_run.report.progress import LiveLines, PlainLines, progress


@pytest.fixture(autouse=True)
def drawn_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("abcd_run.report.progress.REDRAW_SECONDS", 60)


class Clock:
    """A clock that advances when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Watched(io.StringIO):
    """A stream that remembers each piece written."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return super().write(text)


def test_plain_lines() -> None:
    out, clock = Watched(), Clock()
    shown = PlainLines(out, clock)
    shown.stage("one", Stage.PLANNED)
    clock.now = 1.5
    shown.stage("one", Stage.FETCHED)
    shown.stage("two", Stage.PLANNED)
    shown.close()
    assert out.getvalue().splitlines() == [
        "  0.0 s  one  planned",
        "  1.5 s  one  fetched",
        "  1.5 s  two  planned",
    ]


def test_plain_lines_say_what_lasts_and_only_once() -> None:
    out, clock = Watched(), Clock()
    shown = PlainLines(out, clock)
    shown.say("one", "quick")
    shown.say("one", "slow")
    shown._redraw()
    clock.now = 2
    shown._redraw()
    shown._redraw()
    shown.say("one", "slow")
    clock.now = 4
    shown._redraw()
    shown.close()
    assert out.getvalue() == "  2.0 s  one  slow\n"


def test_a_script_in_one_line_is_not_shown_whole() -> None:
    out, clock = Watched(), Clock()
    shown = PlainLines(out, clock)
    shown.say("one", "STEP 3/3: RUN " + "x" * 4000)
    clock.now += 2
    shown._redraw()
    shown.close()
    (line,) = out.getvalue().splitlines()
    assert "STEP 3/3: RUN x" in line
    assert line.endswith("x…")
    assert len(line) < 200


def test_plain_lines_say_calmly_what_changes_all_the_time() -> None:
    out, clock = Watched(), Clock()
    shown = PlainLines(out, clock)
    shown.stage("one", Stage.PLANNED)
    for percent in range(100):
        clock.now += 0.25
        shown.say("one", f"{percent} %")
        shown._redraw()
    shown.stage("one", Stage.FETCHED)
    shown.close()
    first, *said, last = out.getvalue().splitlines()
    assert first.endswith("planned")
    assert last.endswith("fetched")
    assert [line.partition("  one  ")[2] for line in said] == ["20 %", "40 %", "60 %", "80 %"]


def test_plain_lines_are_never_many() -> None:
    """Nor if each of them lasts."""
    out, clock = Watched(), Clock()
    shown = PlainLines(out, clock)
    for number in range(10):
        shown.say("one", f"step {number}")
        clock.now += 1.5
        shown._redraw()
    shown.close()
    assert len(out.getvalue().splitlines()) == 3


@pytest.mark.parametrize("kind", [PlainLines, LiveLines])
def test_a_launch_goes_on_when_nobody_reads_how_far_it_is(kind: type[PlainLines]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123  (a device)
        shown = kind(full, Clock())
        shown.stage("one", Stage.PLANNED)
        shown._redraw()
        shown.close()
        with pytest.raises(OSError, match="No space left"):
            full.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


@pytest.mark.parametrize("kind", [PlainLines, LiveLines])
def test_what_a_program_prints_cannot_break_the_display(kind: type[PlainLines]) -> None:
    out, clock = Watched(), Clock()
    shown = kind(out, clock)
    shown.stage("one\x1b]0;title\x07\r", Stage.PLANNED)
    shown.say("one", "10%\r20%\x1b[31m red\x1b[0m\nnext\tline\x07")
    clock.now = 2
    shown._redraw()
    shown.close()
    text = re.sub(r"\x1b\[(2K|\dF|0J)|\n", "", out.getvalue())
    assert text.isprintable()
    assert "20%" in text
    assert "line" in text


def test_live_lines_are_drawn_in_their_place() -> None:
    out, clock = Watched(), Clock()
    shown = LiveLines(out, clock)
    shown.stage("one", Stage.PLANNED)
    shown.say("longer", "pulling")
    shown._redraw()
    first = out.pieces[-1]
    assert first == ("\x1b[2K  0.0 s  one     planned  \n\x1b[2K  0.0 s  longer  pulling\n")
    clock.now = 3
    shown.stage("one", Stage.READY)
    shown._redraw()
    assert out.pieces[-1].startswith("\x1b[2F\x1b[2K  3.0 s  one     ready")
    shown.close()
    assert out.pieces[-1] == "\x1b[2F\x1b[0J"


def test_more_launches_than_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor cannot move above the top: rows that do not fit are dropped, ready ones first."""
    monkeypatch.setenv("LINES", "6")
    monkeypatch.setenv("COLUMNS", "30")
    out = Watched()
    shown = LiveLines(out, Clock())
    for number in range(20):
        shown.stage(f"n{number}", Stage.READY if number < 18 else Stage.PLANNED)
    shown.say("n19", "x" * 100)
    shown._redraw()
    drawn = out.pieces[-1]
    assert drawn.count("\n") == 5
    assert "n18" in drawn
    assert "n19" in drawn
    assert "15 more" in drawn or "16 more" in drawn
    assert max(len(row) for row in drawn.replace("\x1b[2K", "").splitlines()) < 30
    shown.close()


@contextmanager
def terminal() -> Iterator[Callable[[], bytes]]:
    """Make standard error of some code a terminal; the function returns what it showed."""
    above, below = pty.openpty()
    seen = bytearray()

    def read() -> None:
        try:
            while data := os.read(above, 1024):
                seen.extend(data)
        except OSError:  # the other end is closed
            return

    thread = Thread(target=read)
    thread.start()

    def end() -> bytes:
        thread.join()
        return bytes(seen)

    with os.fdopen(below, "w") as out:
        shown = progress(quiet=False, out=out)
        assert isinstance(shown, LiveLines)
        shown.stage("one", Stage.RUNNING)
        shown._redraw()
        shown.close()
    yield end
    os.close(above)


def test_a_terminal_gets_live_lines() -> None:
    with terminal() as seen:
        drawn, _, wiped = seen().partition(b"\r\n")
    assert b"one  running" in drawn
    assert wiped == b"\x1b[1F\x1b[0J"


@pytest.mark.parametrize(("quiet", "kind"), [(True, Silent), (False, PlainLines)])
def test_which_display(quiet: bool, kind: type) -> None:
    shown = progress(quiet=quiet, out=io.StringIO())
    assert type(shown) is kind
    shown.stage("one", Stage.PLANNED)
    shown.say("one", "something")
    shown.close()
