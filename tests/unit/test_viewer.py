"""Programs that show an endpoint on the user's screen."""

import subprocess
from dataclasses import replace
from http.client import HTTPConnection
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from abcd_run.errors import AbcdRunError
from abcd_run.model import Endpoint, Instance
from abcd_run.viewing import opening, viewer
from tests.waiting import until

SPICE = Endpoint("screen", "spice", "spice+unix:///run/user/7/spice.sock")
VNC = Endpoint("screen", "vnc", "vnc+unix:///run/user/7/vnc.sock")
PAGE = Endpoint("web", "http", "http://127.0.0.1:8080/")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what was shown; every program is installed."""
    shown: list[Any] = []
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("webbrowser.open", shown.append)
    monkeypatch.setattr(subprocess, "Popen", lambda line, **_: shown.append(line))
    monkeypatch.setenv("DISPLAY", ":0")
    return shown


def test_each_by_its_program(opened: list[Any]) -> None:
    for endpoint in (SPICE, VNC, PAGE):
        viewer.show(endpoint)
    assert opened == [
        ["remote-viewer", SPICE.url],
        ["vncviewer", "/run/user/7/vnc.sock"],
        PAGE.url,
    ]


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint("x", "vnc+unix:-Log=*", "vnc+unix:-Log=*:file:/tmp/x://127.0.0.1:5"),
        Endpoint("x", "vnc", "vnc+unix:-Log=*:file:/tmp/x"),
        Endpoint("x", "vnc", "vnc+unix://-Log=*:file:/tmp/x"),
        Endpoint("x", "vnc", "--display=evil:0"),
        Endpoint("x", "spice", "/tmp/settings.vv"),
        Endpoint("x", "spice", "spice://127.0.0.1:5?password=x"),
        Endpoint("x", "spice", "spice://127.0.0.1:5\n--x"),
        Endpoint("x", "spice", "spice+unix://relative/path"),
        Endpoint("x", "file", "file:///etc/passwd"),
        Endpoint("x", "javascript", "javascript:alert(1)"),
    ],
)
def test_no_program_gets_what_is_no_address_of_a_screen(
    endpoint: Endpoint, opened: list[Any]
) -> None:
    viewer.show(endpoint)
    assert opened == []
    assert viewer.hindrance(endpoint) == "no program here can show this"


@pytest.mark.parametrize("place", ["127.0.0.1:5900", "[::1]:5900", "my-host.example:1"])
def test_addresses_of_screens(place: str) -> None:
    for protocol in ("spice", "vnc"):
        url = f"{protocol}://{place}"
        assert viewer._line(Endpoint("screen", protocol, url)) == ["remote-viewer", url]


def test_nothing_without_a_screen(opened: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    viewer.show(SPICE)
    assert opened == []


def test_a_secret_address_is_no_argument(
    opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other users can see a browser's arguments, so the address there works only once."""
    answers: list[str] = []

    def browse(address: str) -> bool:
        opened.append(address)
        Thread(target=lambda: answers.append(location(address))).start()
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    monkeypatch.setattr("abcd_run.viewing.browser.takes_files", lambda: False)
    viewer.show(PAGE, secret=True)
    viewer.show(PAGE, user="abcd", password="p w")
    until(lambda: len(answers) == 2)
    assert all(PAGE.url not in address and "p%20w" not in address for address in opened)
    assert answers == [PAGE.url, "http://abcd:p%20w@127.0.0.1:8080/"]


def location(address: str) -> str:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc)
    connection.request("GET", parts.path)
    location = connection.getresponse().headers["Location"]
    connection.close()
    return location or ""


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        (SPICE, "remote-viewer is not installed here"),
        (VNC, "vncviewer is not installed here"),
        (Endpoint("x", "rdp", "rdp://127.0.0.1:1"), "no program here can show this"),
        (PAGE, ""),
    ],
)
def test_why_nothing_is_shown(
    endpoint: Endpoint, why: str, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert viewer.hindrance(SPICE) == viewer.hindrance(VNC) == ""
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert viewer.hindrance(endpoint) == why
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert viewer.hindrance(endpoint) == "no display here"


def test_nothing_without_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert viewer.viewer(SPICE) == []
    assert viewer.viewer(Endpoint("ssh", "ssh", "ssh://127.0.0.1:22")) == []


@pytest.mark.parametrize(
    ("screens", "package", "in_a_tab"),
    [
        ((SPICE,), "virt-viewer", False),
        ((VNC,), "tigervnc-viewer", True),
        ((SPICE, replace(VNC, service="vnc")), "virt-viewer", True),
    ],
)
def test_open_names_the_missing_package(
    screens: tuple[Endpoint, ...], package: str, in_a_tab: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the browser too, where the wall could show the screen."""
    machine = Instance("vm-1", "libvirt", "7", labels={}, running=True, screens=screens)
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setenv("DISPLAY", ":0")
    with pytest.raises(AbcdRunError, match="viewer is not installed here") as raised:
        opening.show(machine)
    lines = raised.value.remedy.splitlines()
    assert lines[0] == f"sudo apt install {package}"
    assert lines[1:] == ["or in the browser: abcd-run open --tab vm-1"] * in_a_tab
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    opening.show(machine)  # where nothing could be shown anyway, the address is the answer
