"""Ctrl-C where half of something must not be left behind."""

import signal
from collections.abc import Iterable
from concurrent.futures import Future, wait
from types import FrameType, TracebackType
from typing import Any, Self

LOOK_SECONDS = 0.2
NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Within it, Ctrl-C raises `KeyboardInterrupt` once at most, and only where it is looked for.

    Raised wherever the main thread happens to be, it could come just when a future's lock has been
    taken, which is never given back then: the thread that works for the future would stand still
    for ever. A thread that is just being started would be lost to its pool, and an undo that is
    interrupted by somebody impatient is none.
    """

    def __init__(self) -> None:
        self._came = False
        self._raised = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in NUMBERS:
            try:
                self._before[number] = signal.signal(number, self._note)
            except ValueError:  # not the main thread, which is the one that gets interrupted
                break
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if somebody has pressed Ctrl-C and has not been heard yet."""
        if self._came and not self._raised:
            self._raised = True
            raise KeyboardInterrupt

    def await_all(self, futures: Iterable[Future[Any]]) -> None:
        """Wait until all are done. Raises `KeyboardInterrupt` soon after a Ctrl-C."""
        futures = list(futures)
        self.check()
        while wait(futures, timeout=LOOK_SECONDS).not_done:
            self.check()
        self.check()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._came = True
