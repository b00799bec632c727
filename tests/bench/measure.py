"""Time whole commands, alternating ours and the native one, so that noise affects both alike."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

Act = Callable[[], object]
NOTHING = (sys.executable, "-c", "pass")
"""What no command written in Python can be quicker than."""


@dataclass(frozen=True, slots=True)
class Side:
    """What is timed, and what is not: the clean-up after each run and the preparation before it."""

    name: str
    run: Act
    after: Act = lambda: None
    before: Act = lambda: None


@dataclass(frozen=True, slots=True)
class Row:
    """The times of both sides in seconds, run in turn."""

    what: str
    ours: str
    theirs: str
    our_times: tuple[float, ...]
    their_times: tuple[float, ...]
    python_times: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The ratio of our median to the native one."""
        return statistics.median(self.our_times) / statistics.median(self.their_times)

    @property
    def difference(self) -> float:
        """The difference between our median and the native one, in seconds."""
        return statistics.median(self.our_times) - statistics.median(self.their_times)

    @property
    def pythons(self) -> float:
        """The difference in starts of a Python that does nothing, which machines differ less in."""
        return self.difference / statistics.median(self.python_times)


def compare(what: str, ours: Side, theirs: Side, *, runs: int) -> Row:
    """Run both sides in turn, once to warm up and then `runs` times."""
    python = Side("python -c pass", partial(subprocess.run, NOTHING, check=True))
    times: dict[str, list[float]] = {"ours": [], "theirs": [], "python": []}
    for turn in range(runs + 1):
        for side, key in ((ours, "ours"), (theirs, "theirs"), (python, "python")):
            side.before()
            begun = time.perf_counter()
            side.run()
            taken = time.perf_counter() - begun
            side.after()
            if turn:
                times[key].append(taken)
    return Row(what, ours.name, theirs.name, *map(tuple, times.values()))
