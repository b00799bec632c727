"""Handle Ctrl-C without leaving anything half done.

A KeyboardInterrupt can hit the main thread anywhere. If it lands while the thread holds a future's
lock, the lock is never released and that future's worker hangs forever. If it lands while a thread
is starting, the pool loses that thread; if an impatient user interrupts the undo, the undo fails.
So the main thread only listens for signals. Another thread does the work and watches the token
that the first signal sets.
"""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from select import select
from threading import current_thread, main_thread
from typing import TypeVar

from abcd_run.concurrency.cancel import Token, elsewhere, using
from abcd_run.errors import Interrupted

T = TypeVar("T")

NUMBERS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)
"""What asks us to end; a closed terminal is SIGHUP, and on Windows SIGBREAK."""

END = b"\0"
LEAVE_SECONDS = 4.5
"""How long the work may take to undo and end; a hung engine would otherwise block it forever."""


def heeded(work: Callable[[], T]) -> T:
    """Return the result of `work`; the first signal cancels it, the second abandons it.

    Raises what `work` raises, or `Interrupted` listing what may be left behind.
    """
    token = Token()
    with using(token):
        if current_thread() is not main_thread():  # signals reach only the main thread
            return work()
        return _interruptible(work, token)


def _interruptible(work: Callable[[], T], token: Token) -> T:
    with _signals() as (reader, writer):
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
def _signals() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Write each signal into a pair of sockets, as a byte, and yield its ends.

    Sockets, because Windows cannot wait for a pipe. A Python handler alone is not enough: if the
    signal arrives just as a wait begins, the handler runs only once that wait is over.
    """
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.settimeout(0)
        waking = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        before = {}
        for number in NUMBERS:
            # A signal ignored by nohup, or by a script's background job, is ignored on purpose.
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, lambda *_: None)
        try:
            yield reader, writer
        finally:
            for number, usual in before.items():
                signal.signal(number, usual)
            signal.set_wakeup_fd(waking)


def _write(writer: socket.socket, word: bytes) -> None:
    with suppress(OSError):  # closed: nobody is waiting any more; or it is full of signals
        writer.send(word)


def _next(reader: socket.socket, seconds: float | None = None) -> bytes:
    """Return the next word, or nothing if none arrives within `seconds`."""
    return reader.recv(1) if select([reader], [], [], seconds)[0] else b""


def left_behind(token: Token, message: str) -> Interrupted:
    """Return the error for ending before everything that was started could be undone."""
    left = token.left()
    lines = [f"{name}: {why or 'its engine has not answered'}" for name, why in left.items()]
    stop = f"abcd-run stop {' '.join(left)}; " if left else ""
    details = ["may be left:", *lines] if left else ["nothing is known to be left"]
    return Interrupted(message, details="\n".join(details), remedy=f"{stop}abcd-run prune")
