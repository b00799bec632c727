"""Whose sockets these are: asked of the kernel itself, and of tables as it writes them."""

import socket
import sys
from pathlib import Path
from typing import Self

import pytest

from abcd_run.host import sockets, this_host
from abcd_run.host.sockets import Address

pytestmark = pytest.mark.skipif(not sockets.IS_TOLD, reason="no kernel says it here")

LOOPBACK, MAPPED = "127.0.0.1", "::ffff:127.0.0.1"
HERE, FAR = (LOOPBACK, 4711), (LOOPBACK, 8080)
QUEUES = "00000000:00000000 00:00000000 00000000"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
STATES = {"talks": 1, "waits": 6, "listens": 10}


def hexadecimal(address: Address) -> str:
    """Return an address as /proc/net/tcp and tcp6 have it on this processor."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    packed = socket.inet_pton(family, address[0])
    groups = [packed[place : place + 4] for place in range(0, len(packed), 4)]
    words = [f"{int.from_bytes(group, sys.byteorder):08X}" for group in groups]
    return f"{''.join(words)}:{address[1]:04X}"


def row(near: Address, far: Address, state: str, uid: int, inode: int = 12345) -> str:
    ends = f"{hexadecimal(near)} {hexadecimal(far)}"
    return f"   0: {ends} {STATES[state]:02X} {QUEUES} {uid:5}        0 {inode} 1 0 20 4 30\n"


def tables(tmp_path: Path, four: list[str], six: list[str]) -> tuple[Path, ...]:
    files = (tmp_path / "tcp", tmp_path / "tcp6")
    for path, rows in zip(files, (four, six), strict=True):
        path.write_text(HEAD + "".join(rows))
    return (*files, tmp_path / "nosuch")


@pytest.fixture(params=["diag", "tables"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ask by SOCK_DIAG and by the tables."""
    if request.param == "tables":
        monkeypatch.setattr(sockets, "_has_diag", lambda: False)
    else:
        assert sockets._has_diag()
    return str(request.param)


@pytest.mark.parametrize(
    ("served", "asked"),
    [(LOOPBACK, LOOPBACK), (LOOPBACK, MAPPED), ("::1", "::1"), ("::", LOOPBACK), ("::", MAPPED)],
)
def test_the_kernel_knows_a_connections_owner(served: str, asked: str, way: str) -> None:
    six = socket.AF_INET6 if ":" in served else socket.AF_INET
    with (
        socket.create_server((served, 0), family=six, dualstack_ipv6=served == "::") as listening,
        socket.socket(socket.AF_INET6 if ":" in asked else socket.AF_INET) as client,
    ):
        client.connect((asked, listening.getsockname()[1]))
        taken, peer = listening.accept()
        with taken:
            assert sockets.owner(peer[:2], taken.getsockname()[:2]) == this_host.user()
            assert (
                sockets.owner(client.getsockname()[:2], client.getpeername()[:2])
                == this_host.user()
            )
            assert sockets.owner(peer[:2], (LOOPBACK, 1)) is None


def test_a_connection_that_was_closed_is_nobodys(way: str) -> None:
    """Its socket goes on for a while, which the kernel then calls root's."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        taken, peer = listening.accept()
        with taken:
            client.close()
            assert taken.recv(1) == b""
            assert sockets.owner(peer, taken.getsockname()) is None


@pytest.mark.parametrize(
    ("served", "asked"),
    [(LOOPBACK, LOOPBACK), ("0.0.0.0", LOOPBACK), ("::1", "::1"), ("::", "::1"), ("::", LOOPBACK)],
)
def test_the_kernel_knows_who_listens(served: str, asked: str, way: str) -> None:
    six = socket.AF_INET6 if ":" in served else socket.AF_INET
    dual = served == "::"
    with socket.create_server((served, 0), family=six, dualstack_ipv6=dual) as listening:
        port = listening.getsockname()[1]
        assert sockets.listener((asked, port)) == this_host.user()
        assert sockets.owner((asked, port), ("0.0.0.0", 0)) is None
    assert sockets.listener((asked, port)) is None


def test_a_port_that_nobody_listens_at(way: str) -> None:
    listening = socket.create_server((LOOPBACK, 0))
    with listening, socket.create_connection(listening.getsockname()) as client:
        assert sockets.listener(client.getsockname()) is None


@pytest.mark.parametrize(
    ("four", "six", "uid"),
    [
        ([row(HERE, FAR, "talks", 1234)], [], 1234),
        # A client that talks IPv4 through a socket of IPv6, as any may.
        ([], [row((MAPPED, 4711), (MAPPED, 8080), "talks", 1234)], 1234),
        # An earlier connection of that port, which waits for its end.
        ([row(HERE, (LOOPBACK, 81), "waits", 0, 0), row(HERE, FAR, "talks", 1234)], [], 1234),
        ([row(HERE, FAR, "waits", 0, 0)], [], None),
        ([row(HERE, (LOOPBACK, 80), "talks", 1234)], [], None),
        ([row(("127.0.0.2", 4711), FAR, "talks", 1234)], [], None),
        ([row((LOOPBACK, 4712), FAR, "talks", 1234)], [], None),
        ([row(HERE, FAR, "talks", 1)], [row((MAPPED, 4711), (MAPPED, 8080), "talks", 2)], None),
        ([], [], None),
    ],
)
def test_a_connection_in_the_tables(
    four: list[str],
    six: list[str],
    uid: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "_has_diag", lambda: False)
    monkeypatch.setattr(sockets, "TABLES", tables(tmp_path, four, six))
    assert sockets.owner(HERE, FAR) == uid


NOBODY = ("0.0.0.0", 0)
NOBODY_6 = ("::", 0)


@pytest.mark.parametrize(
    ("four", "six", "uid"),
    [
        ([row(HERE, NOBODY, "listens", 1234)], [], 1234),
        ([row(("0.0.0.0", 4711), NOBODY, "listens", 1234)], [], 1234),
        ([], [row(("::", 4711), NOBODY_6, "listens", 1234)], 1234),
        ([row((LOOPBACK, 1), NOBODY, "listens", 1234)], [], None),
        ([row(("127.0.0.2", 4711), NOBODY, "listens", 1234)], [], None),
        ([row(HERE, FAR, "talks", 1234)], [], None),
        # Two may share a port by their addresses: who of them is meant is not said.
        ([row(HERE, NOBODY, "listens", 1)], [row(("::", 4711), NOBODY_6, "listens", 2)], None),
        ([], [], None),
    ],
)
def test_a_listener_in_the_tables(
    four: list[str],
    six: list[str],
    uid: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "_has_diag", lambda: False)
    monkeypatch.setattr(sockets, "TABLES", tables(tmp_path, four, six))
    assert sockets.listener(HERE) == uid


@pytest.mark.parametrize("said", [b"", b"\0" * 20, b"\0" * 200])
def test_a_kernel_that_answers_nothing_of_use(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    class Kernel:
        def __init__(self, *_: object) -> None:
            """Take any kind of socket."""

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            """Close nothing."""

        def settimeout(self, _seconds: float) -> None:
            """Never wait."""

        def send(self, _asked: bytes) -> None:
            """Take the question."""

        def recv(self, _most: int) -> bytes:
            return said

    monkeypatch.setattr(sockets, "_has_diag", lambda: True)
    monkeypatch.setattr(socket, "socket", Kernel)
    assert sockets.owner(HERE, FAR) is None
    assert sockets.listener(HERE) is None
