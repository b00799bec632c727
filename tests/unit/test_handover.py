"""A page that hands an address to this user's browser, once."""

import socket
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from abcd_run import handover, host

Address = tuple[str, int]
FAR = ("127.0.0.1", 8080)
URL = "http://abcd:secret@127.0.0.1:8080/desk?a=b"
SECONDS = 30


def ask(address: str, *, path: str = "") -> tuple[int, str]:
    """Return status and Location of one question."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=SECONDS)
    try:
        connection.request("GET", path or parts.path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Location"] or ""
    finally:
        connection.close()


def table(tmp_path: Path, peer: Address, uid: int, far: Address = FAR) -> Path:
    """Write what the kernel would show in /proc/net/tcp for one connection, as on a PC."""
    packed = int.from_bytes(bytes(map(int, peer[0].split("."))), "little")
    queues = "00000000:00000000 00:00000000 00000000"
    path = tmp_path / "tcp"
    path.write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        # An earlier connection of that port, which waits for its end.
        f"   0: {packed:08X}:{peer[1]:04X} 0100007F:1F91 06 {queues}     0        0 0 3 00000000\n"
        f"   1: {packed:08X}:{peer[1]:04X} 0100007F:{far[1]:04X} 01 {queues}"
        f"  {uid}        0 12345 1 0000000000000000 20 4 30 10 -1\n"
    )
    return path


@pytest.mark.parametrize(
    ("url", "user", "password", "whole"),
    [
        ("http://127.0.0.1:1/x?y=z", "abcd", "p", "http://abcd:p@127.0.0.1:1/x?y=z"),
        ("https://[::1]:1/", "abcd", "a/b:c@d", "https://abcd:a%2Fb%3Ac%40d@[::1]:1/"),
        ("http://127.0.0.1:1/", "ä b", "p", "http://%C3%A4%20b:p@127.0.0.1:1/"),
        ("http://127.0.0.1:1/", "abcd", "", "http://127.0.0.1:1/"),
    ],
)
def test_with_login(url: str, user: str, password: str, whole: str) -> None:
    assert handover.with_login(url, user, password) == whole


def test_it_is_good_for_one_look() -> None:
    with handover.one_look(URL) as (address, wait), ThreadPoolExecutor(1) as pool:
        assert "secret" not in address
        waiting = pool.submit(wait)
        assert ask(address) == (302, URL)
        assert waiting.result(SECONDS) is True
    with pytest.raises(ConnectionError):
        ask(address)


def test_a_second_look_gets_nothing() -> None:
    with handover.one_look(URL) as (address, wait), ThreadPoolExecutor(2) as pool:
        # Both are in the server's queue before it answers the first.
        first, second = (HTTPConnection(urlsplit(address).netloc) for _ in range(2))
        for one in (first, second):
            one.request("GET", urlsplit(address).path)
        assert wait() is True
        assert first.getresponse().status == 302
        first.close()
        # Nor when the server goes on, as it does for a wait that another thread began.
        assert pool.submit(wait).result(SECONDS) is True
    with pytest.raises(OSError):  # noqa: PT011  (reset or closed, as the kernel likes)
        second.getresponse()
    second.close()


def test_a_wrong_path_is_no_look() -> None:
    with handover.one_look(URL) as (address, wait), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        for wrong in ("/", "/x", urlsplit(address).path + "x", urlsplit(address).path[:-1]):
            assert ask(address, path=wrong) == (404, "")
        assert not waiting.done()
        assert ask(address) == (302, URL)
        assert waiting.result(SECONDS) is True


@pytest.mark.parametrize(("other", "status"), [(0, 302), (1, 404)])
def test_another_users_browser_gets_nothing(
    other: int, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = host.socket_owner

    def owner(peer: Address, here: Address) -> int | None:
        return real(peer, here, table(tmp_path, peer, host.user() + other, here))

    monkeypatch.setattr(host, "socket_owner", owner)
    with handover.one_look(URL) as (address, wait), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        assert ask(address)[0] == status
        if other:  # it still waits, for one of this user's
            monkeypatch.setattr(host, "socket_owner", lambda *_: host.user())
            assert ask(address) == (302, URL)
        assert waiting.result(SECONDS) is True


def test_nobody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "SECONDS", 0.05)
    with handover.one_look(URL) as (address, wait):
        assert wait() is False
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=SECONDS)


def test_the_owner_of_a_socket(tmp_path: Path) -> None:
    peer = ("127.0.0.1", 4711)
    assert host.socket_owner(peer, FAR, table(tmp_path, peer, 1234)) == 1234
    assert host.socket_owner(peer, ("127.0.0.1", 80), table(tmp_path, peer, 1234)) is None
    other = table(tmp_path, ("127.0.0.2", 4711), 1234)
    assert host.socket_owner(peer, FAR, other) is None
    assert host.socket_owner(("127.0.0.1", 4712), FAR, other) is None
    assert host.socket_owner(peer, FAR, tmp_path / "nosuch") is None


def test_the_kernel_knows_a_sockets_owner() -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("this kernel shows no table of sockets")
    listening = socket.create_server(("127.0.0.1", 0))
    with listening, socket.create_connection(listening.getsockname()) as here:
        ends = (here.getsockname(), here.getpeername())
        assert host.socket_owner(*ends) == host.user()
        assert handover.is_ours(*ends)
