"""Signals at the worst moments: the first undoes, the second leaves, HUP acts like TERM."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition, Event, Lock, Thread, main_thread

import pytest

from abcd_run.concurrency.cancel import Token, awaited, call, current, using
from abcd_run.errors import Interrupted
from abcd_run.launch import interrupts
from abcd_run.launch.interrupts import heeded
from abcd_run.oci.read_ahead import Ahead
from tests.waiting import until

SECONDS = 10
NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def send(number: signal.Signals) -> None:
    """Send a signal as a terminal or a script does: to the main thread, whatever it is doing."""
    ident = main_thread().ident
    assert ident
    signal.pthread_kill(ident, number)


class Pressed:
    """A future's lock; Ctrl-C is pressed just as it is taken."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.release = self._lock.release
        self.times = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT002  (a lock's)
        taken = self._lock.acquire(blocking, timeout)
        self.times += 1
        if self.times == 1:
            send(signal.SIGINT)
        return taken

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def ends(work: Callable[[], object]) -> bool:
    """Tell whether another thread can work, or hangs forever."""
    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return not thread.is_alive()


def test_the_future_that_is_awaited_can_still_be_done() -> None:
    future, lock = Future[int](), Pressed()
    future._condition = Condition(lock)  # type: ignore[arg-type]  # like a lock in all it needs
    with pytest.raises(Interrupted):
        heeded(lambda: awaited(future))
    assert lock.times
    assert ends(lambda: future.set_result(1))


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_lets_the_work_undo(number: signal.Signals) -> None:
    done = []

    def work() -> None:
        send(number)
        assert current().wait(SECONDS)
        done.append("undone")
        current().check()

    with pytest.raises(Interrupted, match="interrupted"):
        heeded(work)
    assert done == ["undone"]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_second_signal_leaves_and_says_what_may_be_left(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupts, "LEAVE_SECONDS", 60.0)
    released = Event()

    def work() -> None:
        token = current()
        for name in ("gone", "web-1", "web-2"):
            token.begun(name)
        token.settled("gone")
        token.stays("web-2", "it is busy")
        send(number)
        assert token.wait(SECONDS)
        send(number)
        released.wait(SECONDS)

    began = time.monotonic()
    with pytest.raises(Interrupted) as caught:
        heeded(work)
    released.set()
    assert time.monotonic() - began < SECONDS / 2
    assert "web-1: its engine has not answered\nweb-2: it is busy" in caught.value.details
    assert "gone" not in caught.value.details
    assert caught.value.remedy == "abcd-run stop web-1 web-2; abcd-run prune"


def test_work_that_hangs_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "LEAVE_SECONDS", 0.2)
    released = Event()

    def work() -> None:
        send(signal.SIGTERM)
        released.wait(SECONDS)

    began = time.monotonic()
    with pytest.raises(Interrupted, match="exited at once"):
        heeded(work)
    released.set()
    assert time.monotonic() - began < SECONDS / 2


def test_it_ends_within_five_seconds() -> None:
    assert interrupts.LEAVE_SECONDS < 5


def test_what_the_work_gives_and_raises() -> None:
    def fails() -> None:
        raise ZeroDivisionError

    assert heeded(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        heeded(fails)


def test_afterwards_it_is_what_it_was_before() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    heeded(lambda: None)
    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_what_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `nohup abcd-run …` requires."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        heeded(lambda: send(signal.SIGHUP))
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_hear_no_signals() -> None:
    assert ends(lambda: heeded(lambda: None))


def test_two_tokens_at_once() -> None:
    """As with two sessions in one process: cancelling one does not cancel the other."""
    one, other, released = Token(), Token(), Event()
    ended: dict[str, object] = {}

    def session(name: str, token: Token) -> None:
        with using(token):
            try:
                ended[name] = call(lambda: released.wait(SECONDS))
            except Interrupted as error:
                ended[name] = error

    threads = [Thread(target=session, args=pair) for pair in (("one", one), ("other", other))]
    for thread in threads:
        thread.start()
    one.set()
    until(lambda: isinstance(ended.get("one"), Interrupted))
    released.set()
    for thread in threads:
        thread.join()
    assert ended["other"] is True


COMMAND = """
import os, signal, sys
from abcd_run.__main__ import console
from abcd_run.commands.group import cli

def main(*_, **__):
    os.kill(os.getpid(), signal.SIGHUP)
    from abcd_run.concurrency.cancel import current
    assert current().wait(10)
    current().check()

cli.invoke = main
sys.argv = ["abcd-run", "--json", "ps"]
console()
"""


def test_a_terminal_that_is_closed_ends_in_130() -> None:
    command = [sys.executable, "-c", COMMAND]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "abcd-run: interrupted\n")
    assert '"code": 130' in ended.stdout


def test_nobody_can_read_any_more_what_is_said() -> None:
    """The terminal is gone once it has been closed."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", COMMAND]
    ended = subprocess.run(command, stdout=writing, stderr=writing, check=False)
    os.close(writing)
    assert ended.returncode == 130


class Endless:
    """A reader that never ends."""

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
