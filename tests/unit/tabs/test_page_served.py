"""What a page's server sends, and to whom."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from abcd_run.model import Instance
from abcd_run_browser import files
from tests.unit.tabs.conftest import PIECE, Serve
from tests.unit.tabs.tab import USER, Tab, asked, basic


def test_the_page_and_its_files(tab: Tab) -> None:
    page = tab.get("/")
    assert (page.status, b"a page" in page.body) == (200, True)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for path, kind, cache in (
        ("page/main.mjs", "text/javascript; charset=utf-8", "no-cache"),
        ("v86/v86.wasm", "application/wasm", "no-cache"),
        (PIECE, "application/octet-stream", files.FOREVER),
        ("machine/kernel-0123456789abcdef", "application/octet-stream", files.FOREVER),
    ):
        answer = tab.get(f"/{path}")
        assert (answer.status, answer.headers["Content-Type"]) == (200, kind), path
        assert answer.headers["Cache-Control"] == cache


def test_what_the_page_reads_first_has_seed_and_channel(tab: Tab) -> None:
    answer = tab.get("/machine.json")
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert (told["version"], told["image"]) == (1, "demo")
    assert told["seed"]["ABCD_HOSTNAME"] == "demo-browser-1"
    assert told["seed"]["ABCD_PASSWORD"] == tab.instance.password
    assert told["seed"]["ABCD_KEYBOARD"] == "de"
    assert len(told["channel"]["token"]) >= 24


def test_a_site_that_is_gone_is_said_to_be(tab: Tab, site: Path) -> None:
    (site / "machine.json").unlink()
    assert tab.get("/machine.json").status == 404


def test_every_answer_has_the_headers_of_safety(tab: Tab) -> None:
    for answer in (tab.get("/"), tab.get("/none"), asked(tab.instance, "/")):
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/%2e%2e/secret",
        "/machine/../../secret",
        "/..%2fsecret",
        "/..\\secret",
        "//secret",
        "/linked",
        "/.hidden",
        "/machine",
        "/%00",
        "/none",
        "/instance.json",
    ],
)
def test_only_files_of_the_site_are_sent(tab: Tab, path: str) -> None:
    assert tab.get(path).status == 404


@pytest.mark.parametrize("path", ["/", "/machine.json", "/page/main.mjs", f"/{PIECE}", "/none"])
def test_a_stranger_gets_nothing(served: Instance, path: str) -> None:
    strangers: tuple[dict[str, str], ...] = (
        {},
        basic(USER, ""),
        basic(USER, served.password[:-1]),
        basic("root", served.password),
        {"Authorization": f"Bearer {served.password}"},
    )
    with ThreadPoolExecutor(len(strangers)) as at_once:  # each wrong password takes a second
        answers = at_once.map(lambda headers: asked(served, path, headers=headers), strangers)
    for answer in answers:
        assert answer.status == 401
        assert served.password.encode() not in answer.body
        assert "Basic" in answer.headers["WWW-Authenticate"]


def test_a_wrong_password_is_slow(served: Instance) -> None:
    begun = time.monotonic()
    asked(served, "/", headers=basic(USER, "wrong"))
    assert time.monotonic() - begun > 0.9


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "[::1]:80"])
def test_a_name_that_a_stranger_points_here_is_refused(tab: Tab, host: str) -> None:
    port = urlsplit(tab.instance.endpoints[0].url).port
    assert tab.get("/", Host=host.format(port=port)).status == 403
    assert tab.get("/", Host=f"localhost:{port}").status == 200


@pytest.mark.parametrize("whose", ["cross-site", "same-site"])
def test_a_page_of_another_site_cannot_drive_it(tab: Tab, whose: str) -> None:
    """Its browser sends the person's password along: that alone must not be enough."""
    theirs = {"Sec-Fetch-Site": whose}
    assert tab.get("/", **theirs).status == 200  # a link to the page
    for path in ("/machine.json", "/page/main.mjs", f"/channel/work?tab={tab.word}"):
        assert tab.get(path, **theirs).status == 403
    assert tab.post("/channel/hello", {"tab": tab.word}, **theirs).status == 403
    assert tab.post("/", {}, **theirs).status == 403


def test_the_channel_is_the_pages_alone(tab: Tab) -> None:
    body = {"tab": tab.word}
    for wrong in (
        {"X-Abcd-Tab": ""},
        {"X-Abcd-Tab": tab.token[:-1]},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ):
        assert tab.post("/channel/hello", body, **wrong).status == 403
    own = tab.instance.endpoints[0].url.rstrip("/")
    right = {"Origin": own, "Sec-Fetch-Site": "same-origin"}
    assert tab.post("/channel/hello", body, **right).status == 200
    stranger = {"X-Abcd-Tab": tab.token}
    hello = json.dumps(body).encode()
    for path in ("hello", "told", "answer"):
        said = asked(tab.instance, f"/channel/{path}", method="POST", body=hello, headers=stranger)
        assert said.status == 401


def test_it_listens_where_it_was_told(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port = trial.getsockname()[1]
    one = serve(ports={8080: port})
    assert one.endpoints[0].url == f"http://127.0.0.1:{port}/"
    other = serve(name="demo-2", address="127.0.0.2")
    assert other.endpoints[0].url.startswith("http://127.0.0.2:")
    assert Tab(other).get("/").status == 200
