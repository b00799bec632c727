"""What a click on the wall opens, and how."""

from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine
from tests.unit.wall.browser import Serve, password

Run = Callable[..., Ended]
Write = Callable[..., Path]

SCREEN = "[abcdic]\n[services.screen]\nport = 5900\nprotocol = 'vnc'\nopen = true\n"


def test_a_page_is_opened_with_its_login(
    engine: FakeEngine, web: Path, run: Run, serve: Serve, started: list[list[str]]
) -> None:
    (listed,) = run("--json", "web").json["instances"]
    browser = serve()
    answer = browser.ask("open/web-fake-1")
    place = listed["endpoints"][0]["url"].removeprefix("http://")
    assert answer.status == 302
    assert answer.headers["Location"] == f"http://abcd:{password(engine)}@{place}"
    assert answer.headers["Cache-Control"] == "no-store"
    posted = browser.ask("open/web-fake-1", method="POST")
    assert (posted.status, posted.headers["Allow"]) == (405, "GET")
    assert browser.ask("open/nosuch").status == 404
    assert browser.ask("open/nosuch", method="POST").status == 404
    assert browser.ask("instances.json", method="POST").status == 404
    assert started == []


def test_no_password_for_who_listens_in_an_instances_place(
    engine: FakeEngine, web: Path, run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("web").status == 0
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("abcd_run.launch.listener.stranger", lambda *_: "uid 7 of this host")
    answer = serve().ask("open/web-fake-1")
    assert (answer.status, answer.headers.get("Location")) == (503, None)
    ended = run("open", "web-fake-1")
    assert ended.status == 5
    assert "is uid 7 of this host, not the instance" in ended.err
    assert password(engine) not in ended.out + ended.err + answer.body.decode()
    assert shown == []


def test_a_viewer_is_started_by_post_alone(
    engine: FakeEngine, write: Write, run: Run, serve: Serve, started: list[list[str]]
) -> None:
    write("vm", SCREEN)
    (listed,) = run("--json", "vm").json["instances"]
    url = listed["endpoints"][0]["url"]
    browser = serve()
    got = browser.ask("open/vm-fake-1")
    assert (got.status, got.headers["Allow"]) == (405, "POST")
    assert started == []
    for wrong in ({"path": "/open/vm-fake-1"}, {"host": "evil.example"}):
        assert browser.ask("open/vm-fake-1", method="POST", **wrong).status in (403, 404)
    assert started == []
    posted = browser.ask("open/vm-fake-1", method="POST")
    assert posted.status == 200
    assert posted.json == {"shown": True, "why": "", "remedy": "", "url": url}
    assert started == [["remote-viewer", url]]


@pytest.mark.parametrize(
    ("display", "why"),
    [("", "no display here"), (":0", "remote-viewer is not installed here")],
)
def test_the_page_is_told_when_nothing_can_be_shown(
    display: str,
    why: str,
    engine: FakeEngine,
    write: Write,
    run: Run,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write("vm", SCREEN)
    (listed,) = run("--json", "vm").json["instances"]
    monkeypatch.setenv("DISPLAY", display)
    answer = serve().ask("open/vm-fake-1", method="POST").json
    url, remedy = listed["endpoints"][0]["url"], "sudo apt install virt-viewer"
    assert answer == {"shown": False, "why": why, "remedy": remedy, "url": url}


def test_nothing_to_open(engine: FakeEngine, write: Write, run: Run, serve: Serve) -> None:
    write("bare", "[abcdic]\n[services.ssh]\nport = 22\nprotocol = 'ssh'")
    assert run("bare").status == 0
    browser = serve()
    assert browser.list()["instances"][0]["opens"] is None
    for method in ("GET", "POST"):
        answer = browser.ask("open/bare-fake-1", method=method)
        assert (answer.status, answer.body) == (404, b"bare-fake-1 has nothing to show\n")
