"""Count what is copied, say how fast it goes, and stop at the limits."""

import time
from collections.abc import Callable

from abcd_run import limits
from abcd_run.errors import Refused
from abcd_run.runtime import Say
from abcd_run.transfer.values import Copied
from abcd_run.units import format_size
from abcd_run.visible import visible

SAY_SECONDS = 0.25


def silent(_: str) -> None:
    """Say nothing."""


class Meter:
    """The count of one copy; at most `most` bytes."""

    def __init__(
        self, *, most: int, say: Say = silent, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._say, self._clock = most, say, clock
        self._begun = self._said = clock()
        self._entries = self._files = self._bytes = self._taken = 0
        self._left_out: list[str] = []

    def entry(self, name: str, size: int = 0) -> None:
        """Count an entry before it is copied. Raises `Refused` beyond the limits."""
        self._entries += 1
        self._bytes += size
        if self._entries > limits.COPY_ENTRIES:
            raise Refused(
                f"more than {limits.COPY_ENTRIES} files, folders and links",
                details=f"the next is {visible(name)}",
                remedy="copy one of its folders at a time",
            )
        if self._bytes > self._most:
            raise Refused(
                f"more than {format_size(self._most)}",
                details=f"with {visible(name)}",
                remedy="abcd-run cp --most SIZE, if it may be larger",
            )

    def file(self) -> None:
        """Count a file that is complete."""
        self._files += 1

    def moved(self, count: int) -> None:
        """Count bytes of a file that have arrived, and say so now and then."""
        self._taken += count
        now = self._clock()
        if now - self._said >= SAY_SECONDS:
            self._said = now
            rate = self._taken / max(now - self._begun, SAY_SECONDS)
            self._say(f"copied {format_size(self._taken)}, {format_size(rate)}/s")

    def leave_out(self, name: str, what: str) -> None:
        """Remember an entry that is not copied."""
        if len(self._left_out) < limits.COPY_LEFT_OUT:
            self._left_out.append(visible(f"{name}: {what}"))

    def copied(self) -> Copied:
        """Return what has been copied."""
        return Copied(self._files, self._taken, tuple(self._left_out))
