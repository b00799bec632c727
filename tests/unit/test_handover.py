"""A page that hands an address to this user's browser, once."""

import socket
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from abcd_run.host import sockets, this_host
from abcd_run.viewing import handover, loopback

URL = "http://abcd:secret@127.0.0.1:8080/desk?a=b"
SECONDS = 30


def ask(address: str, *, path: str = "") -> tuple[int, str]:
    """Return the status and Location of one request."""
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
    with handover.one_look(URL) as look:
        assert "secret" not in look.address
        assert not look.fetched.is_set()
        assert ask(look.address) == (302, URL)
        assert look.wait() is True
        assert ask(look.address) == (404, "")
    with pytest.raises(ConnectionError):
        ask(look.address)


def test_two_at_the_same_moment() -> None:
    with handover.one_look(URL) as look, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, [look.address] * 8))
    assert sorted(answers) == [(302, URL)] + [(404, "")] * 7


def test_a_wrong_path_is_no_look() -> None:
    with handover.one_look(URL) as look:
        path = urlsplit(look.address).path
        for wrong in ("/", "/x", path + "x", path[:-1]):
            assert ask(look.address, path=wrong) == (404, "")
        assert not look.fetched.is_set()
        assert ask(look.address) == (302, URL)
        assert look.wait() is True


@pytest.mark.parametrize("other", [this_host.user() + 1, None])
def test_another_users_browser_gets_nothing(
    other: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a connection whose owner the kernel does not tell."""
    monkeypatch.setattr(sockets, "IS_TOLD", True)
    monkeypatch.setattr(sockets, "owner", lambda *_: other)
    with handover.one_look(URL) as look:
        with pytest.raises(OSError):  # noqa: PT011  (reset or closed, as the kernel likes)
            ask(look.address)
        # It still waits for one of this user's.
        assert not look.fetched.is_set()
        monkeypatch.setattr(sockets, "owner", lambda *_: this_host.user())
        assert ask(look.address) == (302, URL)
        assert look.wait() is True


def test_who_connects_and_says_nothing_holds_up_nobody() -> None:
    with handover.one_look(URL) as look, ExitStack() as stack:
        parts = urlsplit(look.address)
        for _ in range(8):
            stack.enter_context(socket.create_connection((parts.hostname, parts.port)))
        assert ask(look.address) == (302, URL)
        assert look.wait() is True


def test_this_users_browser_may_use_a_socket_of_ipv6() -> None:
    with handover.one_look(URL) as look:
        assert ask(look.address.replace("127.0.0.1", "[::ffff:127.0.0.1]")) == (302, URL)


def test_a_system_that_says_of_no_socket_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "IS_TOLD", False)
    assert loopback.is_ours(("127.0.0.1", 1), ("127.0.0.1", 2))


def test_nobody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a client that connects and says nothing."""
    monkeypatch.setattr(handover, "SECONDS", 0.05)
    with handover.one_look(URL) as look:
        parts = urlsplit(look.address)
        with socket.create_connection((parts.hostname, parts.port)):
            assert look.wait() is False
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(look.address, timeout=SECONDS)
