"""The wall: who may see it, and how it starts and ends."""

import json
import signal
import socket
import subprocess
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from abcd_run.host import sockets, this_host
from abcd_run.testing import documents
from abcd_run.testing.cli import PROGRAM, Ended
from abcd_run.testing.fake import FakeEngine
from tests.unit.wall.browser import SECONDS, Serve
from tests.waiting import until

Run = Callable[..., Ended]


@pytest.mark.parametrize("path", ["/", "/x", "/x/", "/{}", "/{}x/", "x/{}/", "/x/{}/", ""])
def test_nothing_is_there_without_the_token(path: str, engine: FakeEngine, serve: Serve) -> None:
    browser = serve()
    for below in ("", "instances.json", "wall.js"):
        wrong = path.format(browser.wall.token) + below
        assert browser.ask(path=wrong or "/").status == 404, wrong
    assert browser.ask().status == 200


def test_another_host_is_refused(engine: FakeEngine, serve: Serve) -> None:
    """A stranger's name that points to loopback lets that stranger's pages ask, but not as us."""
    browser = serve()
    port = browser.wall.server_port
    names = ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", "")
    for name in names:
        for method in ("GET", "POST"):
            assert browser.ask("instances.json", method=method, host=name).status == 403, name
    assert browser.ask("instances.json", host=f"localhost:{port}").status == 200


@pytest.mark.parametrize("other", [this_host.user() + 1, None])
def test_another_users_connection_is_closed(
    other: int | None, engine: FakeEngine, serve: Serve, monkeypatch: Any
) -> None:
    """So is a connection whose owner the kernel does not tell, before any of it is read."""
    monkeypatch.setattr(sockets, "IS_TOLD", True)
    monkeypatch.setattr(sockets, "owner", lambda peer, here: other if peer[1] and here[1] else 0)
    browser = serve()
    where = ("127.0.0.1", browser.wall.server_port)
    with socket.create_connection(where, timeout=SECONDS) as connection:
        assert connection.recv(1) == b""
    with pytest.raises(OSError):  # noqa: PT011  (reset or closed, as the kernel likes)
        browser.ask("instances.json")
    monkeypatch.setattr(sockets, "owner", lambda *_: this_host.user())
    assert browser.ask("instances.json").status == 200


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_no_method_does_without_the_token(method: str, engine: FakeEngine, serve: Serve) -> None:
    browser = serve()
    assert browser.ask(method=method, path="/x/").status == 404
    assert browser.ask(method=method, host="evil.example").status == 403
    assert browser.ask(method=method).status == {"GET": 200, "POST": 404}.get(method, 501)


@pytest.mark.parametrize("head", ["Content-Length: 4\r\n", "Transfer-Encoding: chunked\r\n"])
def test_what_comes_with_a_question_is_no_question(
    head: str, engine: FakeEngine, serve: Serve
) -> None:
    browser = serve()
    place = f"127.0.0.1:{browser.wall.server_port}"
    asks = f"GET /{browser.wall.token}/ HTTP/1.1\r\nHost: {place}\r\n"
    where = ("127.0.0.1", browser.wall.server_port)
    with socket.create_connection(where, timeout=SECONDS) as connection:
        connection.sendall(f"{asks}{head}\r\n{asks}\r\n".encode())
        with connection.makefile("rb") as said:
            answers = said.read().count(b"HTTP/1.1 ")
    assert answers == 1


def test_every_answer_tells_browsers_what_to_keep_to(engine: FakeEngine, serve: Serve) -> None:
    browser = serve()
    answers = {
        200: browser.ask(),
        404: browser.ask(path="/"),
        403: browser.ask(host="evil.example"),
        501: browser.ask(method="PUT"),
    }
    for status, answer in answers.items():
        assert answer.status == status
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)
        assert "unsafe" not in " ".join(policy)


def test_a_bug_is_a_line_on_the_terminal(
    engine: FakeEngine, serve: Serve, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    browser = serve()
    monkeypatch.setattr(browser.wall.seen, "document", lambda: 1 / 0)
    with pytest.raises(ConnectionError):
        browser.ask("instances.json")
    said = ""

    def complained() -> bool:
        nonlocal said
        said += capfd.readouterr().err
        return "ZeroDivisionError" in said

    until(complained)
    assert "Traceback" not in said
    assert browser.ask().status == 200


def test_a_port_in_use(engine: FakeEngine, serve: Serve, run: Run) -> None:
    port = serve().wall.server_port
    ended = run("wall", "--json", "--port", str(port))
    assert ended.status == 5
    (error,) = ended.json["errors"]
    assert error["message"] == f"the wall cannot listen on port {port}: Address already in use"
    assert "--port" in error["remedy"]
    assert ended.err.count("abcd-run: ") == 1


@pytest.mark.parametrize("words", [("--port", "0"), ("--port", "x"), ("--on", "nosuch"), ("x",)])
def test_wrong_use(words: tuple[str, ...], engine: FakeEngine, run: Run) -> None:
    assert run("wall", *words).status == 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_ended(
    how: signal.Signals, engine: FakeEngine, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [PROGRAM, "--json", "wall"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        lines = iter(process.stdout.readline, "}\n")
        answer = documents.read(["wall"], "".join(lines) + "}")
        assert answer["errors"] == []
        place, path = answer["url"].removeprefix("http://").split("/", 1)
        connection = HTTPConnection(place, timeout=SECONDS)
        connection.request("GET", f"/{path}instances.json")
        assert json.loads(connection.getresponse().read()) == {"instances": [], "errors": []}
        process.send_signal(how)
        assert process.wait(SECONDS) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
        connection.close()
