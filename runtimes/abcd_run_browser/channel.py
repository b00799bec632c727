"""What one tab and this user's commands have to say to each other.

A tab tells how far its machine is and what it printed, fetches one job after the other, and brings
the answers. Whatever it says is a stranger's word: bounded, and checked before it counts.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

STAGES = ("loading", "booting", "running", "seeded", "ready", "ended", "failed")
ABLE, OVER = ("seeded", "ready"), ("ended", "failed")
"""The stages in which a machine runs commands, and those in which it never will again."""

SILENCE_SECONDS = 10.0
"""After so long without a word, a tab no longer counts."""

WORK_SECONDS, LOOK_SECONDS = 20.0, 0.5
CONSOLE_BYTES = 1 << 20
WHY_LETTERS = 300
JOBS = 64
"""How many jobs may be under way."""

Job = dict[str, Any]


class Refused(Exception):
    """A tab, or a command, gets no answer but these words."""


class Broken(Refused):
    """A command had begun, and nobody knows how it ended."""


class Ended(Refused):
    """The instance is going away."""


@dataclass
class Console:
    """What a machine printed last; `begin` is how many bytes of it are forgotten."""

    kept: bytearray = field(default_factory=bytearray)
    begin: int = 0

    @property
    def end(self) -> int:
        """How much was printed altogether."""
        return self.begin + len(self.kept)

    def add(self, piece: bytes) -> None:
        """Add what was printed, and forget the first half where it is too much."""
        self.kept += piece
        if len(self.kept) > CONSOLE_BYTES:
            gone = len(self.kept) - CONSOLE_BYTES // 2
            del self.kept[:gone]
            self.begin += gone

    def since(self, place: int) -> bytes:
        """Return what was printed from a place on, as far as it is kept."""
        return bytes(self.kept[max(0, place - self.begin) :])


@dataclass
class Channel:
    """One instance's tab, if there is one, and the jobs for it.

    `changed` is called with no lock held after the tab's stage, or whether there is a tab, changed.
    """

    name: str
    changed: Callable[[], None] = lambda: None
    console: Console = field(default_factory=Console)
    stage: str = ""
    why: str = ""
    over: bool = False
    ended_at: float = 0.0
    _tab: str = ""
    _heard: float = 0.0
    _number: int = 0
    _waiting: deque[Job] = field(default_factory=deque[Job])
    _answers: dict[str, Job | None] = field(default_factory=dict[str, Job | None])
    _news: Condition = field(default_factory=Condition)

    def shown(self) -> bool:
        """Say whether a tab shows the machine, as far as it told lately."""
        return bool(self._tab) and time.monotonic() - self._heard < SILENCE_SECONDS

    # What a tab asks.

    def hello(self, tab: str, *, take: bool = False) -> None:
        """Let a tab have the machine. Raises `Refused` while another has it; `take` it then."""
        with self._news:
            self._check_on()
            if tab != self._tab:
                if self.shown() and self.stage not in OVER and not take:
                    raise Refused("another tab shows this machine")
                self._drop("another tab has taken its place")
                self._tab, self.stage, self.why = tab, "loading", ""
            self._heard = time.monotonic()
        self.changed()

    def work(self, tab: str, *, there: Callable[[], bool] = lambda: True) -> Job | None:
        """Return the next job, or None after a while; `there` says whether the tab still waits."""
        until = time.monotonic() + WORK_SECONDS
        with self._news:
            while True:
                self._check(tab)
                if self._waiting:
                    return self._waiting.popleft()
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self._news.wait(min(left, LOOK_SECONDS))
                if self.over:
                    return {"kind": "end"}
                if not there():
                    raise Refused("the tab has gone")

    def again(self, job: Job) -> None:
        """Take back a job that did not reach its tab."""
        with self._news:
            if job.get("id") in self._answers:
                self._waiting.appendleft(job)
                self._news.notify_all()

    def answer(self, tab: str, job: str, answer: Job) -> None:
        """Take a job's answer; one that nobody waits for is dropped."""
        with self._news:
            self._check(tab)
            if job in self._answers:
                self._answers[job] = answer
                self._news.notify_all()

    def tell(self, tab: str, stage: str, why: str, printed: bytes) -> None:
        """Take a tab's word on its machine."""
        with self._news:
            self._check(tab)
            self.stage, self.why = stage, why[:WHY_LETTERS]
            self.console.add(printed)
            if stage in OVER:
                self._drop(f"its machine has {stage}")
            if stage == "ended" and not self.ended_at:
                self.ended_at = time.monotonic()
            self._news.notify_all()
        self.changed()

    # What this user's commands ask.

    def do(self, job: Job) -> Job:
        """Have the tab do a job and return its answer. Raises `Refused` where it cannot."""
        with self._news:
            self._check_shown()
            self._check_able(job)
            if len(self._answers) >= JOBS:
                raise Refused(f"{self.name} has {JOBS} commands under way")
            self._number += 1
            number = str(self._number)
            self._answers[number] = None
            self._waiting.append({"id": number, **job})
            self._news.notify_all()
            try:
                return self._awaited(number)
            finally:
                self._answers.pop(number, None)
                self._waiting = deque(one for one in self._waiting if one["id"] != number)

    def _awaited(self, number: str) -> Job:
        while True:
            if answer := self._answers.get(number):
                if "error" in answer:
                    raise Broken(f"the tab that shows {self.name} says: {answer['error']}")
                return answer
            if not self.shown():
                raise self._lost(number)
            self._news.wait(LOOK_SECONDS)

    def _lost(self, number: str) -> Refused:
        """Return the error for a job whose tab says nothing more."""
        if any(one["id"] == number for one in self._waiting):
            return Refused(f"no tab shows {self.name}")
        return Broken(f"the tab that showed {self.name} has gone amid the command")

    def printed(self, place: int, *, seconds: float) -> tuple[int, bytes]:
        """Return how much was printed so far, and what after a place; wait for it a while."""
        until = time.monotonic() + seconds
        with self._news:
            while self.console.end <= place and not self.over:
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._news.wait(left)
            return self.console.end, self.console.since(place)

    def close(self) -> None:
        """Send the tab and all who wait away."""
        with self._news:
            self.over = True
            self._drop(f"{self.name} has ended")
            self._news.notify_all()

    def _drop(self, why: str) -> None:
        self._waiting.clear()
        for number, answer in self._answers.items():
            self._answers[number] = answer or {"error": why}
        self._news.notify_all()

    def _check_on(self) -> None:
        if self.over:
            raise Ended(f"{self.name} has ended")

    def _check(self, tab: str) -> None:
        self._check_on()
        if not tab or tab != self._tab:
            raise Refused("another tab shows this machine")
        self._heard = time.monotonic()

    def _check_able(self, job: Job) -> None:
        if self.stage in OVER:
            raise Refused(f"the machine of {self.name} has {self.stage}")
        if job["kind"] == "run" and self.stage not in ABLE:
            raise Refused(f"the machine of {self.name} runs no commands yet: it is {self.stage}")

    def _check_shown(self) -> None:
        self._check_on()
        if not self.shown():
            raise Refused(f"no tab shows {self.name}")
