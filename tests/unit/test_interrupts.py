"""Ctrl-C at the worst of moments."""

import signal
from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition, Lock, Thread

import pytest

from abcd_run.interrupts import Interrupts
from abcd_run.oci.ahead import Ahead

SECONDS = 10


class Pressed:
    """The lock of a future, at whose taking somebody presses Ctrl-C."""

    pressing = True

    def __init__(self) -> None:
        self._lock = Lock()
        self.release = self._lock.release

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT002  (a lock's)
        taken = self._lock.acquire(blocking, timeout)
        if self.pressing:
            signal.raise_signal(signal.SIGINT)
        return taken

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def ends(work: Callable[[], object]) -> bool:
    """Tell whether another thread can do something, or stands still for ever."""
    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return not thread.is_alive()


def test_the_future_that_is_awaited_can_still_be_done() -> None:
    future, lock = Future[int](), Pressed()
    future._condition = Condition(lock)  # type: ignore[arg-type]  # like a lock in all it needs
    with Interrupts() as interrupts, pytest.raises(KeyboardInterrupt):
        interrupts.await_all([future])
    lock.pressing = False
    assert ends(lambda: future.set_result(1))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_heard_once(number: signal.Signals) -> None:
    with Interrupts() as interrupts:
        signal.raise_signal(number)
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
        signal.raise_signal(number)
        interrupts.check()


def test_it_is_heard_when_all_is_done_meanwhile() -> None:
    future = Future[int]()
    future.set_result(1)
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            interrupts.await_all([future])


def test_afterwards_it_is_what_it_was_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_other_threads_are_not_interrupted() -> None:
    def inside() -> None:
        with Interrupts() as interrupts:
            interrupts.check()

    assert ends(inside)


class Endless:
    """A reader without an end."""

    closed = False

    def read(self, size: int, /) -> bytes:
        return bytes(size)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("taken", [0, 1, 10])
def test_reading_ahead_ends_when_nobody_reads_on(taken: int) -> None:
    inner = Endless()
    ahead = Ahead(inner)
    for _ in range(taken):
        assert ahead.read(1 << 20) == bytes(1 << 20)
    assert ends(ahead.close)
    assert inner.closed
