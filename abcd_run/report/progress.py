"""Show people how far launches have come: live lines on a terminal, else plain lines."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TextIO

from abcd_run.launch.progress import Progress, Silent
from abcd_run.model import Stage
from abcd_run.visible import ESCAPES, visible

REDRAW_SECONDS = 0.2
QUIET_SECONDS = 1.0
"""Off a terminal, print what a launch is doing only if it lasts longer than this."""

LONGEST = 160
"""Characters of a text: an engine that builds prints a whole script as one line."""

CALM_SECONDS = 5.0
"""Off a terminal, print a constantly changing text at most this often."""


@dataclass
class _Line:
    stage: Stage | None
    text: str
    since: float
    begun: float
    told: bool = False
    spoke: float = -CALM_SECONDS


class _Lines:
    """The launches and what each is doing, redrawn by a separate thread."""

    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._begun = clock()
        self._lines: dict[str, _Line] = {}
        self._lock = Lock()
        self._ended = Event()
        self._painter = Thread(target=self._paint, daemon=True)
        self._painter.start()

    def stage(self, name: str, stage: Stage) -> None:
        name, now = _printable(name), self._clock()
        with self._lock:
            self._lines[name] = _Line(stage, "", now, now)
            self._staged(name)

    def say(self, name: str, text: str) -> None:
        name, text, now = _printable(name), _shortened(_printable(text)), self._clock()
        with self._lock:
            line = self._lines.setdefault(name, _Line(None, "", now, now))
            if text != line.text:
                line.text, line.since, line.told = text, now, False

    def close(self) -> None:
        self._ended.set()
        self._painter.join()

    def _paint(self) -> None:
        while not self._ended.wait(REDRAW_SECONDS):
            with self._lock:
                self._redraw()
        with self._lock:
            self._finish()

    def _elapsed(self) -> str:
        return f"{self._clock() - self._begun:5.1f} s"

    def _write(self, text: str) -> None:
        # A launch must not fail because nobody reads its progress.
        with suppress(OSError, ValueError):
            self._out.write(text)
            self._out.flush()

    def _staged(self, name: str) -> None:
        """Show that a launch has reached a stage."""

    def _redraw(self) -> None:
        """Show everything that has changed since the last time."""

    def _finish(self) -> None:
        """Leave the display in its final state."""


class PlainLines(_Lines):
    """One line per stage, and an occasional one for long-running work; for files and pipes."""

    def _staged(self, name: str) -> None:
        self._print(name, str(self._lines[name].stage))

    def _redraw(self) -> None:
        now = self._clock()
        for name, line in self._lines.items():
            lasting = now - line.since > QUIET_SECONDS or now - line.begun > CALM_SECONDS
            calm = now - line.spoke >= CALM_SECONDS
            if line.text and lasting and calm and not line.told:
                line.told, line.spoke = True, now
                self._print(name, line.text)

    def _print(self, name: str, text: str) -> None:
        self._write(f"{self._elapsed()}  {name}  {text}\n")


class LiveLines(_Lines):
    """One line per launch, redrawn in place; for terminals."""

    _drawn = 0

    def _redraw(self) -> None:
        up = f"\x1b[{self._drawn}F" if self._drawn else ""
        rows = [f"\x1b[2K{row}\n" for row in self._rows()]
        self._write(up + "".join(rows))
        self._drawn = len(rows)

    def _finish(self) -> None:
        up = f"\x1b[{self._drawn}F\x1b[0J" if self._drawn else ""
        self._write(up)

    def _rows(self) -> list[str]:
        """Return the rows that fit: the cursor cannot move above the top of the terminal."""
        columns, lines = _size()
        shown = self._lines.items()
        fit, more = self._lines, ""
        if len(shown) > lines - 1:
            # Launches that are not ready yet are more interesting.
            ranked = sorted(shown, key=lambda item: item[1].stage is Stage.READY)
            fit = dict(ranked[: max(lines - 2, 1)])
            more = f"and {len(shown) - len(fit)} more"
        rows = [self._row(name, line)[:columns] for name, line in shown if name in fit]
        return [*rows, more[:columns]] if more else rows

    def _row(self, name: str, line: _Line) -> str:
        width = max(map(len, self._lines))
        stage = f"{line.stage!s:9}" if line.stage is not None else ""
        words = [word for word in (stage, line.text) if word]
        return "  ".join([self._elapsed(), f"{name:{width}}", *words])


def _size() -> tuple[int, int]:
    import shutil  # noqa: PLC0415  (only terminals need it)

    columns, lines = shutil.get_terminal_size()
    return max(columns - 1, 1), max(lines, 2)


def _printable(text: str) -> str:
    """Return a program's output as one line."""
    return visible(" ".join(ESCAPES.sub("", text).split()))


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()}…"


def progress(*, quiet: bool, out: TextIO | None = None) -> Progress:
    """Return the display that suits standard error's destination."""
    if quiet:
        return Silent()
    out = out or sys.stderr
    return LiveLines(out) if out.isatty() else PlainLines(out)
