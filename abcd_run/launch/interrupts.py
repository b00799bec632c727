"""Ctrl-C where half of something must not be left behind.

Raised wherever the main thread happens to be, it could come just when a future's lock has been
taken, which is never given back then: the thread that works for the future would stand still
for ever. A thread that is just being started would be lost to its pool, and an undo that is
interrupted by somebody impatient is none. So the main thread does nothing but hear signals: the
work is done by another one, which heeds the token that the first signal sets.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from select import select
from threading import current_thread, main_thread
from typing import TypeVar

from abcd_run.concurrency.cancel import Token, elsewhere, using
from abcd_run.errors import Interrupted

T = TypeVar("T")

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
END = b"\0"
LEAVE_SECONDS = 4.5
"""How long the work may take to undo and end; an engine that hangs would hold it up for ever."""


def heeded(work: Callable[[], T]) -> T:
    """Return what work gives; the first signal cancels it, the second one leaves it behind.

    Raises what it raises, or `Interrupted` with what may be left.
    """
    token = Token()
    with using(token):
        if current_thread() is not main_thread():  # which is the one that gets interrupted
            return work()
        return _heard(work, token)


def _heard(work: Callable[[], T], token: Token) -> T:
    with _told() as (reader, writer):
        result = elsewhere(work)
        result.add_done_callback(lambda _: _write(writer, END))
        if _next(reader) != END:
            token.set()
            _next(reader, LEAVE_SECONDS)  # the end of the work, or another signal
    if not result.done():
        token.leave()
        raise left_behind(token, "interrupted: exited at once")
    return result.result()


@contextmanager
def _told() -> Iterator[tuple[FileIO, FileIO]]:
    """Have each signal written into a pipe, as a byte, and yield its ends.

    A handler of Python's alone would not do: it runs when the wait that the signal should end has
    been begun just then, and is over.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with FileIO(reading) as reader, FileIO(writing, "w") as writer:
        waking = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        before = {}
        for number in NUMBERS:
            # Who starts us by nohup, or in the background of a script, means it.
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, lambda *_: None)
        try:
            yield reader, writer
        finally:
            for number, usual in before.items():
                signal.signal(number, usual)
            signal.set_wakeup_fd(waking)


def _write(writer: FileIO, word: bytes) -> None:
    with suppress(ValueError):  # closed: nobody waits any more
        writer.write(word)


def _next(reader: FileIO, seconds: float | None = None) -> bytes:
    """Return the next word; nothing when none has come within some seconds."""
    return reader.read(1) if select([reader], [], [], seconds)[0] else b""


def left_behind(token: Token, message: str) -> Interrupted:
    """Return the error for an end at which not everything that was begun could be undone."""
    left = token.left()
    lines = [f"{name}: {why or 'its engine has not answered'}" for name, why in left.items()]
    stop = f"abcd-run stop {' '.join(left)}; " if left else ""
    details = ["may be left:", *lines] if left else ["nothing is known to be left"]
    return Interrupted(message, details="\n".join(details), remedy=f"{stop}abcd-run prune")
