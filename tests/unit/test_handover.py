"""A page that hands an address to this user's browser, once."""

import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from abcd_run import handover, host, sockets

URL = "http://abcd:secret@127.0.0.1:8080/desk?a=b"
SECONDS = 30


def ask(address: str, *, path: str = "") -> tuple[int, str]:
    """Return status and Location of one question."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("GET", path or parts.path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Location"] or ""
    finally:
        connection.close()


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


@pytest.mark.parametrize("other", [host.user() + 1, None])
def test_another_users_browser_gets_nothing(
    other: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one of which the kernel does not say whose it is."""
    monkeypatch.setattr(sockets, "IS_TOLD", True)
    monkeypatch.setattr(sockets, "owner", lambda *_: other)
    with handover.one_look(URL) as (address, wait), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        assert ask(address) == (404, "")
        # It still waits, for one of this user's.
        monkeypatch.setattr(sockets, "owner", lambda *_: host.user())
        assert ask(address) == (302, URL)
        assert waiting.result(SECONDS) is True


def test_this_users_browser_may_use_a_socket_of_ipv6() -> None:
    with handover.one_look(URL) as (address, wait), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        assert ask(address.replace("127.0.0.1", "[::ffff:127.0.0.1]")) == (302, URL)
        assert waiting.result(SECONDS) is True


def test_a_system_that_says_of_no_socket_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "IS_TOLD", False)
    assert handover.is_ours(("127.0.0.1", 1), ("127.0.0.1", 2))


def test_nobody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "SECONDS", 0.05)
    with handover.one_look(URL) as (address, wait):
        assert wait() is False
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=SECONDS)
