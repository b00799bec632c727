"""Time whole commands, alternating ours and the native one, so that noise affects both alike."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Act = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Side:
    """What is timed, and the untimed clean-up after each run."""

    name: str
    run: Act
    after: Act = lambda: None


@dataclass(frozen=True, slots=True)
class Row:
    """The times of both sides in seconds, run in turn."""

    what: str
    ours: str
    theirs: str
    our_times: tuple[float, ...]
    their_times: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The ratio of our median to the native one."""
        return statistics.median(self.our_times) / statistics.median(self.their_times)

    @property
    def difference(self) -> float:
        """The difference between our median and the native one, in seconds."""
        return statistics.median(self.our_times) - statistics.median(self.their_times)


def compare(what: str, ours: Side, theirs: Side, *, runs: int) -> Row:
    """Run both sides in turn, once to warm up and then `runs` times."""
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for turn in range(runs + 1):
        for side, key in ((ours, "ours"), (theirs, "theirs")):
            begun = time.perf_counter()
            side.run()
            taken = time.perf_counter() - begun
            side.after()
            if turn:
                times[key].append(taken)
    return Row(what, ours.name, theirs.name, tuple(times["ours"]), tuple(times["theirs"]))
