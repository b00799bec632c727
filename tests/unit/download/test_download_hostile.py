"""Servers that say nothing, never end, or lead somewhere else."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.request import Request

import pytest

from abcd_run import limits
from abcd_run.concurrency.cancel import Token
from abcd_run.download import answer, fetch, transfer
from abcd_run.errors import ArtifactError, Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ISO = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


class Line:
    """A server that answers each request with these pieces, repeating the last one forever."""

    def __init__(self) -> None:
        self.head = b""
        self.again = b""
        self.asked = 0
        self._ended = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/live.iso"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._ended.set()
        self._listening.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        self.asked += 1
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(self.head)
                while self.again and not self._ended.is_set():
                    connection.sendall(self.again)
            except OSError:
                return
            self._ended.wait(60)


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", 0.5)
    monkeypatch.setattr(transfer, "NOTICED", 0.1)


def refused(line: Line, folder: Path) -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        fetch(line.url, folder / "a")
    assert not (folder / "a").exists()
    return caught.value


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(
    ("head", "again"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\n", b""),
        (ISO, b""),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["no answer", "half a head", "no body", "continue for ever"],
)
def test_silence_is_told_and_ends(line: Line, tmp_path: Path, head: bytes, again: bytes) -> None:
    line.head, line.again = head, again
    told: list[int] = []
    begun = time.monotonic()
    with pytest.raises(ArtifactError, match="cannot download") as caught:
        fetch(line.url, tmp_path / "a", silent=told.append)
    assert "said nothing" in caught.value.details
    assert caught.value.remedy
    assert time.monotonic() - begun < 5
    assert told
    assert line.asked == 1


@pytest.mark.usefixtures("brief")
def test_silence_half_way_is_asked_once_more(line: Line, tmp_path: Path) -> None:
    line.head = ISO + b"x" * 1000
    assert "said nothing" in refused(line, tmp_path).details
    assert line.asked == 2


@pytest.mark.parametrize("head", [b"", ISO], ids=["no answer", "no body"])
def test_who_waits_for_a_silent_server_hears_the_end(
    line: Line, tmp_path: Path, head: bytes
) -> None:
    line.head = head
    cancel = Token()
    threading.Timer(0.3, cancel.set).start()
    begun = time.monotonic()
    with pytest.raises(Interrupted):
        fetch(line.url, tmp_path / "a", cancel=cancel)
    assert time.monotonic() - begun < 5


def test_a_body_without_end(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DOWNLOAD_BYTES", 3_000_000)
    line.head, line.again = b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000
    assert "longer than 3000000 bytes" in refused(line, tmp_path).details
    assert list(tmp_path.iterdir()) == []


def test_a_body_longer_than_the_disk(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 500_000})())
    line.head, line.again = b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000
    error = refused(line, tmp_path)
    assert "cannot write" in error.message
    assert "make room" in error.remedy
    assert list(tmp_path.iterdir()) == []


def test_no_more_than_was_said(line: Line, tmp_path: Path) -> None:
    line.head, line.again = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"12345"
    assert fetch(line.url, tmp_path / "a").read_bytes() == b"12345"


@pytest.mark.parametrize("length", [b"-5", b"five", b"99999999999999999999"])
def test_lengths_that_are_none(
    line: Line, tmp_path: Path, length: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DOWNLOAD_BYTES", 1_000_000)
    line.head = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n"
    line.again = b"x" * 100_000
    assert refused(line, tmp_path).remedy


def test_a_web_page(line: Line, tmp_path: Path) -> None:
    line.head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<a>"
    assert "web page" in refused(line, tmp_path).details
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "place", [b"ftp://127.0.0.1/x", b"file:///etc/passwd", b"data:,x", b"//[", b"gopher:x"]
)
def test_leads_to_what_is_not_http(line: Line, tmp_path: Path, place: bytes) -> None:
    line.head = b"HTTP/1.1 302 Found\r\nLocation: " + place + b"\r\n\r\n"
    error = refused(line, tmp_path)
    assert error.remedy == "check the address"
    assert line.asked == 1


def test_leads_round_in_circles_and_says_much(line: Line, tmp_path: Path) -> None:
    line.head = f"HTTP/1.1 302 Found\r\nLocation: {line.url}\r\n\r\n".encode()
    line.again = b"x" * 100_000
    assert "redirects" in refused(line, tmp_path).details
    assert line.asked == answer.REDIRECTIONS + 1


@pytest.mark.parametrize(
    ("here", "place", "there"),
    [
        ("http://a/x", "https://b/y", "https://b/y"),
        ("http://a/x", "y z", "http://a/y%20z"),
        ("https://a/x", "//b/y", "https://b/y"),
        ("https://a/x", "/y", "https://a/y"),
    ],
)
def test_follows(here: str, place: str, there: str) -> None:
    question = answer._moved(Request(here, headers={"Range": "bytes=5-"}), place)
    assert question.full_url == there
    assert question.get_header("Range") == "bytes=5-"


def test_never_from_https_to_http() -> None:
    with pytest.raises(ValueError, match="from https to http"):
        answer._moved(Request("https://a/x"), "http://a/x")
