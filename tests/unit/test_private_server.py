"""Servers for this user only: how much of them anyone can occupy."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from threading import Thread, active_count
from time import process_time

import pytest

from abcd_run import limits
from abcd_run.viewing import loopback
from tests.waiting import until

SECONDS = 30
Connect = Callable[[], socket.socket]


class Answers(loopback.Handler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802  (the name of its library)
        self.send_response(204)
        self.end_headers()


@pytest.fixture
def server() -> Iterator[loopback.Server]:
    with loopback.Server(Answers) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def connect(server: loopback.Server) -> Iterator[Connect]:
    with ExitStack() as stack:

        def connect() -> socket.socket:
            where = ("127.0.0.1", server.server_port)
            return stack.enter_context(socket.create_connection(where, timeout=SECONDS))

        yield connect


def status(server: loopback.Server) -> int:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=SECONDS)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_connections_are_bounded(server: loopback.Server, connect: Connect) -> None:
    taken = [connect() for _ in range(limits.CONNECTIONS)]
    assert connect().recv(1) == b""
    for one in taken:
        one.close()
    until(lambda: status(server) == 204)


@pytest.mark.slow
def test_many_idle_connections_cost_no_more_than_few(connect: Connect) -> None:
    before, used = active_count(), process_time()
    for _ in range(4 * limits.CONNECTIONS):
        connect()
    assert active_count() - before <= limits.CONNECTIONS
    assert process_time() - used < SECONDS / 10


@pytest.mark.parametrize("drips", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_whole_question_has_its_time(
    drips: bytes, server: loopback.Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "QUESTION_SECONDS", 0.3)
    connection = connect()
    connection.sendall(drips)
    connection.settimeout(0.05)

    def is_closed() -> bool:
        try:
            connection.sendall(b"x")  # one more byte within every timeout
            return connection.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True

    assert until(is_closed, within=10) >= 0.1


@pytest.mark.parametrize(
    "line", [b"GET /" + b"x" * 70_000, b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 200]
)
def test_a_question_has_its_length(line: bytes, connect: Connect) -> None:
    connection = connect()
    connection.sendall(line + b"\r\n\r\n")
    assert connection.recv(12) in (b"HTTP/1.1 414", b"HTTP/1.1 431")


def test_a_connection_serves_several_questions(server: loopback.Server) -> None:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=SECONDS)
    for _ in range(3):
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (204, b"")
    connection.close()
