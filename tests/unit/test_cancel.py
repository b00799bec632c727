"""The token: every kind of wait ends when it is set, and nothing is left of what was begun."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread, Timer

import pytest

from abcd_run import build
from abcd_run.concurrency.cache import Once
from abcd_run.concurrency.cancel import (
    Token,
    awaited,
    call,
    carried,
    check,
    current,
    each,
    elsewhere,
    using,
)
from abcd_run.download import fetch
from abcd_run.errors import ArtifactError, Interrupted
from abcd_run.host import programs
from abcd_run.host.locks import locked
from abcd_run.host.part_file import part_of
from tests.running import lives
from tests.waiting import SOON, ends_soon, until


def test_a_token_is_heeded_where_work_is_carried_to(token: Token) -> None:
    seen = []
    for work in (carried(lambda: seen.append(current())), lambda: seen.append(current())):
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert seen[0] is token
    assert seen[1] is not token


def test_what_is_registered_is_ended_once_and_not_later(token: Token) -> None:
    ended: list[str] = []
    with token.ending(lambda: ended.append("left before")):
        pass
    with token.ending(lambda: ended.append("now"), at_last=lambda: ended.append("at last")):
        token.set()
        assert ended == ["now"]
        token.leave()
    with token.ending(lambda: ended.append("too late")):
        pass
    assert ended == ["now", "at last", "too late"]


def test_a_future_a_call_and_pieces(token: Token) -> None:
    released = Event()

    def endless() -> Iterator[bytes]:
        yield b"one"
        released.wait(30)

    pieces = each(endless())
    assert next(pieces) == b"one"
    future = elsewhere(lambda: released.wait(30))
    for wait in (
        lambda: awaited(future),
        lambda: call(lambda: released.wait(30)),
        lambda: next(pieces),
    ):
        again = Token()
        with using(again), ends_soon():
            Timer(0.05, again.set).start()
            wait()
    with pytest.raises(TimeoutError):
        awaited(future, within=0.01)
    released.set()
    assert awaited(future) is True


def test_pieces_come_in_order_and_their_error_passes(token: Token) -> None:
    def broken() -> Iterator[int]:
        yield from range(200)
        raise ArtifactError("gone")

    pieces: list[int] = []
    with pytest.raises(ArtifactError, match="gone"):
        pieces.extend(each(broken()))
    assert pieces == list(range(200))


def test_who_waits_for_what_another_makes(token: Token) -> None:
    made, released = Once[str](), Event()

    def slow() -> str:
        released.wait(30)
        return "made"

    making = elsewhere(lambda: made.get("key", slow))
    until(lambda: bool(made._futures))
    with using(Token()) as impatient, ends_soon():
        Timer(0.05, impatient.set).start()
        made.get("key", slow)
    released.set()
    assert making.result(10) == "made"


def test_what_was_cancelled_is_made_by_whoever_asks_next() -> None:
    made = Once[str]()

    def cancelled() -> str:
        check()
        return "never"

    with using(Token()) as token:
        token.set()
        with pytest.raises(Interrupted):
            made.get("key", cancelled)
    assert made.get("key", lambda: "made") == "made"


MANY = 100
"""Programs that begin, as fast as a shell starts them."""

HOLDS = """
import fcntl, sys, time
file = open(sys.argv[1], "a+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def held_by_another(file: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(file)], stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout
            assert other.stdout.readline() == "held\n"
            yield
        finally:
            other.kill()


def test_a_lock_of_another_process(token: Token, tmp_path: Path) -> None:
    with held_by_another(tmp_path / "lock"), ends_soon():
        Timer(0.05, token.set).start()
        with locked(tmp_path / "lock"):
            pytest.fail("it is held by another")


def test_anothers_build(token: Token, home: Path) -> None:
    with held_by_another(build._folder() / "web.lock"), ends_soon():
        Timer(0.05, token.set).start()
        with build._locked("web", lambda _: None):
            pytest.fail("another builds it")


def test_anothers_part_file(token: Token, tmp_path: Path) -> None:
    with part_of(tmp_path / "a"), ends_soon():
        Timer(0.05, token.set).start()
        with part_of(tmp_path / "a"):
            pytest.fail("another writes it")


@pytest.mark.parametrize("obeys", [True, False])
def test_a_silent_child_and_all_that_it_has_begun(
    obeys: bool, token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `prepare`: it says nothing, and what it waits for holds its output open."""
    monkeypatch.setattr(programs, "KILL_SECONDS", 0.3)
    pids = tmp_path / "pids"
    trap = "" if obeys else "trap '' TERM;"
    script = f"{trap} sleep 60 & echo $$ $! >{pids}.new; mv {pids}.new {pids}; wait; sleep 60"

    def cancel_when_it_runs() -> None:
        until(pids.exists)
        token.set()

    Thread(target=cancel_when_it_runs).start()
    with ends_soon():
        programs.run(["sh", "-c", script], doing="preparing", say=lambda _: None)
    until(lambda: not any(lives(int(pid)) for pid in pids.read_text().split()), within=SOON)


def test_a_child_is_not_even_begun_when_it_is_cancelled(token: Token, tmp_path: Path) -> None:
    token.set()
    with ends_soon():
        programs.run(["touch", str(tmp_path / "a")], doing="touching", say=lambda _: None)
    assert not (tmp_path / "a").exists()


def test_leaving_kills_what_does_not_obey(token: Token, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"trap '' TERM; echo $$ >{pids}.new; mv {pids}.new {pids}; sleep 60; sleep 60"
    work = elsewhere(
        lambda: programs.run(["sh", "-c", script], doing="preparing", say=lambda _: None)
    )
    until(pids.exists)
    token.leave()
    assert isinstance(work.exception(SOON), Interrupted)
    until(lambda: not lives(int(pids.read_text())), within=SOON)


def test_leaving_kills_what_begins_meanwhile(token: Token, tmp_path: Path) -> None:
    """A program that starts others all the time leaves none, which would hold its output open."""
    begun = tmp_path / "begun"
    script = f"n=0; while [ $n -lt {MANY} ]; do sleep 60 & n=$((n + 1)); : >{begun}; done; wait"
    work = elsewhere(
        lambda: programs.run(["sh", "-c", script], doing="preparing", say=lambda _: None)
    )
    until(begun.exists)
    token.leave()
    assert isinstance(work.exception(SOON), Interrupted)


def test_what_begins_while_the_process_leaves_is_ended_at_last(token: Token) -> None:
    told: list[str] = []
    token.leave()
    with token.ending(lambda: told.append("asked"), at_last=lambda: told.append("killed")):
        pass
    assert told == ["killed"]


def test_a_child_that_ends_says_how(token: Token) -> None:
    said: list[str] = []
    with pytest.raises(ArtifactError, match="exit status 3") as caught:
        programs.run(["sh", "-c", "echo one; echo two >&2; exit 3"], doing="it", say=said.append)
    assert said == ["it: one", "it: two"]
    assert caught.value.details == "one\ntwo"
    ended = programs.ran(["sh", "-c", "echo out; echo err >&2; exit 4"])
    assert (ended.returncode, ended.stdout, ended.stderr) == (4, b"out\n", b"err\n")


@contextmanager
def silent_server(*, says: bytes = b"") -> Iterator[str]:
    """A server that accepts and then says no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            connection, _ = server.accept()
            kept.append(connection)
            connection.sendall(says)

        Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a.iso"
        for connection in kept:
            connection.close()


STALLS = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + bytes(100_000)


@pytest.mark.parametrize("says", [b"", STALLS], ids=["never answers", "stalls"])
def test_a_server_that_is_silent(says: bytes, token: Token, tmp_path: Path) -> None:
    with silent_server(says=says) as url, ends_soon():
        Timer(0.3, token.set).start()
        fetch(url, tmp_path / "a")
    part = tmp_path / "a.part"
    assert (part.read_bytes() if part.exists() else b"") == says.partition(b"\r\n\r\n")[2]


def test_an_image_that_is_read(token: Token, tmp_path: Path) -> None:
    """Reading a large image notices it after a megabyte."""
    from abcd_run.oci.stream import Stream

    class Endless:
        def read(self, size: int) -> bytes:
            return bytes(size)

        def close(self) -> None:
            pass

    Timer(0.05, token.set).start()
    with ends_soon():
        Stream(Endless()).drain(1 << 60)
