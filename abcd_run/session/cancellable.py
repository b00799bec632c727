"""The calls of a session: each can be cancelled from another thread, and by Ctrl-C.

Nothing here handles a signal. Python raises `KeyboardInterrupt` in the main thread, at any point.
So the main thread only waits; another thread works, and can undo what it started.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Condition, current_thread, main_thread
from typing import TypeVar
from weakref import WeakSet

from abcd_run.concurrency.cancel import (
    LOOK_SECONDS,
    Token,
    current,
    each,
    elsewhere,
    is_cancellable,
    using,
)
from abcd_run.errors import UsageError
from abcd_run.launch.interrupts import LEAVE_SECONDS

T = TypeVar("T")


class Calls:
    """The running calls, each with the token that it heeds: its caller's or its own."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._tokens: list[Token] = []
        self._streams: WeakSet[Token] = WeakSet()
        self._closed = False

    def do(self, work: Callable[[], T]) -> T:
        """Return the result of `work`. Raises its errors, or `UsageError` once closed."""
        with self._counted(_token()) as token, using(token):
            if current_thread() is not main_thread():
                return work()
            return _interruptible(work, token)

    @contextmanager
    def _counted(self, token: Token) -> Iterator[Token]:
        with self._changed:
            self._check()
            self._tokens.append(token)
        try:
            yield token
        finally:
            with self._changed:
                self._tokens.remove(token)
                self._changed.notify_all()

    def _check(self) -> None:
        if self._closed:
            raise UsageError("this session is closed", remedy="with Session() as lab: …")

    def pieces(self, pieces: Iterator[T]) -> Iterator[T]:
        """Yield pieces, which may arrive slowly, until they end or are cancelled."""
        own, token = not is_cancellable(), _token()
        waiting = each(pieces)
        with self._changed:
            self._check()
            self._streams.add(token)
        try:
            while True:
                # Not around the `yield`: the caller's own work would then use the token.
                with using(token):
                    piece = next(waiting, None)
                if piece is None:
                    return
                yield piece
        finally:
            with self._changed:
                self._streams.discard(token)
            if own:
                token.set()  # nobody wants what was read ahead

    def cancel(self) -> None:
        """Cancel all running calls."""
        with self._changed:
            tokens = [*self._tokens, *self._streams]
        for token in tokens:
            token.set()

    def close(self) -> bool:
        """Cancel all calls and wait until they are undone; say whether this is the first time."""
        with self._changed:
            first, self._closed = not self._closed, True
        if first:
            self.cancel()
            with self._changed:
                self._changed.wait_for(lambda: not self._tokens, LEAVE_SECONDS)
        return first


def _token() -> Token:
    return current() if is_cancellable() else Token()


def _interruptible(work: Callable[[], T], token: Token) -> T:
    """Return the result of `work`; an interrupted wait first cancels and undoes it."""
    # This queue is written in C: an interrupt cannot leave its lock held.
    ended: SimpleQueue[object] = SimpleQueue()
    answer = elsewhere(work)
    answer.add_done_callback(ended.put)
    try:
        while not answer.done():
            # In short turns: a signal sent to another thread does not end this wait.
            with suppress(Empty):
                ended.get(timeout=LOOK_SECONDS)
    except BaseException:
        token.set()
        if not answer.done():
            with suppress(Empty):
                ended.get(timeout=LEAVE_SECONDS)
        if not answer.done():
            token.leave()
        raise
    return answer.result()
