"""Watch the arguments of all processes continuously: some live only for milliseconds."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Self

import psutil

LOOK_SECONDS = 0.004
YOUNG_SECONDS = 0.5
"""How long a process may take from its start to its last exec: until then, look again."""

ALL_SECONDS = 1.0
"""How often older processes are checked as well."""


@dataclass
class Watch:
    """Collects argument lists that contain a secret, until the block ends."""

    secret: str
    seen: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])
    _over: Event = field(default_factory=Event)
    _born: dict[int, float] = field(default_factory=dict[int, float])
    _thread: Thread | None = None

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._look_always, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        assert self._thread
        self._thread.join()

    def _look_always(self) -> None:
        last = 0.0
        while not self._over.wait(LOOK_SECONDS):
            now = time.monotonic()
            everyone = now - last > ALL_SECONDS
            last = now if everyone else last
            self._look(now, everyone=everyone)

    def _look(self, now: float, *, everyone: bool) -> None:
        there = set(psutil.pids())
        self._born = {pid: self._born.get(pid, now) for pid in there}
        for pid, born in self._born.items():
            if everyone or now - born < YOUNG_SECONDS:
                with suppress(psutil.Error):  # it has ended meanwhile
                    words = psutil.Process(pid).cmdline()
                    if any(self.secret in word for word in words):
                        self.seen.add(tuple(words))
