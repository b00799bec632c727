"""The calls of a session: each can be cancelled from another thread, and by Ctrl-C.

Nothing here handles a signal. Python raises `KeyboardInterrupt` in the main thread, wherever that
is: so the main thread only waits, while another one works, which can undo what it has begun.
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
    """The calls under way, each with a token that it heeds: its caller's, or one of its own."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._tokens: list[Token] = []
        self._streams: WeakSet[Token] = WeakSet()
        self._closed = False

    def do(self, work: Callable[[], T]) -> T:
        """Return what work gives. Raises what it raises, or `UsageError` once this is closed."""
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
        """Yield pieces that may be long in coming, until they end or are cancelled."""
        own, token = not is_cancellable(), _token()
        waiting = each(pieces)
        with self._changed:
            self._check()
            self._streams.add(token)
        try:
            while True:
                # Not around the `yield`: the token would be that of the caller's own work then.
                with using(token):
                    piece = next(waiting, None)
                if piece is None:
                    return
                yield piece
        finally:
            with self._changed:
                self._streams.discard(token)
            if own:
                token.set()  # what is read ahead is wanted no more

    def cancel(self) -> None:
        """Cancel all that is under way."""
        with self._changed:
            tokens = [*self._tokens, *self._streams]
        for token in tokens:
            token.set()

    def close(self) -> bool:
        """Cancel all, and wait until it is undone; say whether this had not been done before."""
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
    """Return what work gives; when the wait is interrupted, it is cancelled and undone first."""
    # This queue is C's: an interrupt cannot leave a lock of it taken.
    ended: SimpleQueue[object] = SimpleQueue()
    answer = elsewhere(work)
    answer.add_done_callback(ended.put)
    try:
        while not answer.done():
            # In turns: a signal that another thread was sent does not end this wait.
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
