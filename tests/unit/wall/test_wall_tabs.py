"""A machine's screen in a tab: carried both ways, for the wall's own page alone."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from abcd_run import limits
from abcd_run.model import Endpoint
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine
from abcd_run.wall import carrying, tabs
from tests.unit.wall.browser import SECONDS, Browser, Serve
from tests.unit.wall.tab import GREETING, Machine, Tab, knock, opened

Run = Callable[..., Ended]

NAME = "web-fake-1"


@pytest.fixture
def novnc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install noVNC."""
    folder = tmp_path / "novnc"
    for part in ("core/rfb.js", "core/util/int.js", "vendor/pako/lib/zlib/inflate.js", "app/ui.js"):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (folder / part).write_text(f"// {part}")
    monkeypatch.setattr(tabs, "NOVNC", folder)
    return folder


@pytest.fixture
def machine(
    engine: FakeEngine, web: Path, run: Run, novnc: Path, tmp_path: Path
) -> Iterator[Machine]:
    """Launch an instance that has a page, and a screen on a socket."""
    machine = Machine(tmp_path / "vnc.sock")
    spice = Endpoint("screen", "spice", f"spice+unix://{tmp_path}/spice.sock")
    engine.screens = (spice, Endpoint("vnc", "vnc", f"vnc+unix://{machine.path}"))
    assert run("web").status == 0
    yield machine
    machine.end()


def test_bytes_go_both_ways(machine: Machine, serve: Serve) -> None:
    much = os.urandom(1 << 20)
    with opened(serve(), NAME) as tab:
        assert tab.heard(len(GREETING)) == GREETING
        tab.say(BytesMessage(b"typed"))
        assert tab.heard(5) == b"TYPED"
        for at in range(0, len(much), 1 << 15):
            piece = much[at : at + (1 << 15)]
            tab.say(BytesMessage(piece))
            assert tab.heard(len(piece)) == piece.upper()
        tab.say(Ping(b"there?"))
        said = tab.next()
        assert isinstance(said, Pong)
        assert said.payload == b"there?"


def test_the_machine_is_left_with_the_tab(machine: Machine, serve: Serve) -> None:
    browser = serve()
    with opened(browser, NAME):
        pass
    assert machine.left.wait(SECONDS)
    with opened(browser, NAME) as tab:
        tab.heard(len(GREETING))
        tab.say(CloseConnection(1000))
        assert tab.is_over()


def test_the_tab_is_told_when_the_machine_ends(machine: Machine, serve: Serve) -> None:
    with opened(serve(), NAME) as tab:
        tab.heard(len(GREETING))
        machine.end()
        said = tab.next()
        assert isinstance(said, CloseConnection)
        assert said.code == 1001


def test_the_screen_ends_with_the_wall(machine: Machine, serve: Serve) -> None:
    browser = serve()
    with opened(browser, NAME) as tab:
        tab.heard(len(GREETING))
        browser.wall.server_close()
        assert tab.is_over()
    assert machine.left.wait(SECONDS)


def test_what_is_no_screens_language_ends_it(machine: Machine, serve: Serve) -> None:
    browser = serve()
    with opened(browser, NAME) as tab:
        tab.heard(len(GREETING))
        tab.say(TextMessage("hello"))
        assert tab.is_over()
    for wrong in (b"\xff" * 64, b"\x82\x05hello"):  # no frame; one that is not masked
        with opened(browser, NAME) as tab:
            tab.heard(len(GREETING))
            tab.connection.sendall(wrong)
            assert tab.is_over()


def test_a_frame_that_claims_to_be_endless_is_not_waited_for(
    machine: Machine, serve: Serve
) -> None:
    with opened(serve(), NAME) as tab:
        tab.heard(len(GREETING))
        head = b"\x82\xff" + (1 << 40).to_bytes(8, "big") + bytes(4)  # masked with zeros
        tab.connection.sendall(head + b"typed")
        assert tab.heard(5) == b"TYPED"


OWN = f"/{{token}}/socket/{NAME}"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"/socket/{NAME}", {}, 404),
        (f"/wrong/socket/{NAME}", {}, 404),
        (f"/{{token}}x/socket/{NAME}", {}, 404),
        (OWN, {"Host": "evil.example"}, 403),
        (OWN, {"Origin": "http://evil.example"}, 403),
        (OWN, {"Origin": "null"}, 403),
        (OWN, {"Origin": ""}, 403),
        (OWN, {"Origin": "http://127.0.0.1"}, 403),
        (OWN, {"Origin": "http://127.0.0.1:1"}, 403),
        (f"{OWN}?on=other", {}, 404),
        ("/{token}/socket/nosuch", {}, 404),
        ("/{token}/socket/", {}, 404),
        ("/{token}/socket/..%2f..%2fvnc.sock", {}, 404),
        ("/{token}/socket/{machine}", {}, 404),
        (OWN, {"Upgrade": ""}, 400),
        (OWN, {"Sec_WebSocket_Key": ""}, 400),
        (OWN, {"Sec_WebSocket_Version": "8"}, 400),
    ],
)
def test_others_get_nothing(
    path: str, headers: dict[str, str], status: int, machine: Machine, serve: Serve
) -> None:
    browser = serve()
    said = knock(browser, path.format(token=browser.wall.token, machine=machine.path), **headers)
    assert said.startswith(f"HTTP/1.1 {status} ".encode()), said
    assert GREETING not in said
    assert not machine.asked.is_set()


def test_the_walls_own_page_gets_it(machine: Machine, serve: Serve) -> None:
    """So what the others lack is what counts."""
    browser = serve()
    said = knock(browser, f"/{browser.wall.token}/socket/{NAME}?on=fake")
    assert said.startswith(b"HTTP/1.1 101 ")
    assert said.endswith(GREETING)


def test_so_many_and_no_more(
    machine: Machine, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TABS", 2)
    browser = serve()
    path = f"/{browser.wall.token}/socket/{NAME}"
    with ExitStack() as stack:
        both = [stack.enter_context(opened(browser, NAME)) for _ in range(2)]
        for tab in both:
            tab.heard(len(GREETING))
        said = knock(browser, path)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert browser.ask().status == 200
        both[0].say(CloseConnection(1000))
        assert both[0].is_over()
        assert both[0].next() is None
        assert knock(browser, path).endswith(GREETING)


def test_a_screen_that_does_not_answer(machine: Machine, serve: Serve) -> None:
    machine.path.unlink()
    browser = serve()
    said = knock(browser, f"/{browser.wall.token}/socket/{NAME}")
    assert said.startswith(b"HTTP/1.1 503 ")
    assert said.endswith(b"the machine's screen does not answer: No such file or directory\n")


def test_who_takes_nothing_is_left(
    machine: Machine, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "STALL_SECONDS", 0.2)
    with opened(serve(), NAME) as tab:
        tab.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
        with pytest.raises(ConnectionError):  # not our own time-out
            _flood(tab)
    assert machine.left.wait(SECONDS)


def _flood(tab: Tab) -> None:
    """Send without ever taking the echo."""
    for _ in range(1000):
        tab.say(BytesMessage(bytes(1 << 16)))


def test_the_page_and_its_parts(machine: Machine, serve: Serve) -> None:
    browser = serve()
    page = browser.ask(f"tab/{NAME}?on=fake")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for name in ("tab.js", "novnc/core/rfb.js", "novnc/vendor/pako/lib/zlib/inflate.js"):
        part = browser.ask(name)
        assert (part.status, part.headers["Content-Type"].partition(";")[0]) == (
            200,
            "text/javascript",
        )
    for name in ("tab/nosuch", f"tab/{NAME}?on=other"):
        assert browser.ask(name).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "app/ui.js", "core/nosuch.js", "core/../../secret.js", "core/../app/ui.js", "/etc/passwd",
        "core/%2e%2e/%2e%2e/secret.js", "core//rfb.js", "core/rfb.js%00", "core/rfb.js%0a", "",
        "core", "vendor/.secret.js",
    ],
)  # fmt: skip
def test_no_other_file_is_served(path: str, machine: Machine, novnc: Path, serve: Serve) -> None:
    (novnc.parent / "secret.js").write_text("secret")
    (novnc / "vendor/.secret.js").write_text("secret")
    answer = serve().ask(f"novnc/{path}")
    assert (answer.status, b"secret" in answer.body) == (404, False)


def test_open_shows_it_in_a_tab_until_it_is_ended(
    machine: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser gets a page of its own, and its address is no argument of a program."""
    shown: list[tuple[str, bool]] = []
    served: list[tuple[int, bytes]] = []

    def show(endpoint: Endpoint, *, secret: bool) -> None:
        with urlopen(endpoint.url, timeout=SECONDS) as answer:
            served.append((answer.status, answer.read()))
        shown.append((endpoint.url, secret))
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("abcd_run.viewing.viewer.show", show)
    ended = run("open", "--quiet", "--tab", NAME)
    assert (ended.status, ended.err) == (0, "")
    assert shown == [(ended.out.strip(), True)]
    assert urlsplit(shown[0][0]).path.endswith(f"/tab/{NAME}")
    assert served[0][0] == 200
    assert b"tab.js" in served[0][1]


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("nosuch", 2, "no instance called"),
        (NAME, 5, "screens cannot be shown in the browser here"),
    ],
)
def test_open_says_what_it_cannot_show(
    name: str,
    status: int,
    says: str,
    machine: Machine,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tabs, "NOVNC", Path("/nonexistent"))
    ended = run("open", "--tab", name)
    assert ended.status == status
    assert says in ended.err
    assert ("sudo apt install novnc" in ended.err) == (name == NAME)


def _listed(browser: Browser) -> dict[str, object]:
    (one,) = browser.list()["instances"]
    return {key: one[key] for key in ("tab", "viewer")}


def test_the_list_says_what_can_be_shown(
    machine: Machine, engine: FakeEngine, serve: Serve, started: list[list[str]]
) -> None:
    browser = serve(fresh=0)
    assert _listed(browser) == {"tab": True, "viewer": False}  # it has a page, which is opened
    spice, vnc = engine.screens
    engine.screens = (spice,)
    assert _listed(browser)["tab"] is False
    assert browser.ask(f"tab/{NAME}").status == 404
    engine.screens = (Endpoint("vnc", "vnc", "vnc://127.0.0.1:5900"),)
    assert _listed(browser)["tab"] is False
    engine.screens = (vnc,)
    assert _listed(browser)["tab"] is True


@pytest.mark.parametrize(
    ("absent", "remedy"),
    [
        (("novnc",), "sudo apt install novnc"),
        (("library",), "pip install 'abcd-run[wall]'"),
        (("novnc", "library"), "sudo apt install novnc && pip install 'abcd-run[wall]'"),
    ],
)
def test_what_is_missing_is_named(
    absent: tuple[str, ...],
    remedy: str,
    machine: Machine,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "novnc" in absent:
        monkeypatch.setattr(tabs, "NOVNC", Path("/nonexistent"))
    if "library" in absent:
        monkeypatch.setattr(tabs, "LIBRARY", "abcd_run_no_such_library")
    browser = serve()
    assert _listed(browser)["tab"] is False
    answer = browser.ask(f"tab/{NAME}")
    said = f"screens cannot be shown in the browser here: {remedy}\n"
    assert (answer.status, answer.body.decode()) == (503, said)
    assert knock(browser, f"/{browser.wall.token}/socket/{NAME}").startswith(b"HTTP/1.1 503 ")
    assert browser.ask().status == 200
