"""A container's desktop in a real browser: shown, typed into, resized, and kept from others."""

import os
import socket
import sqlite3
import subprocess
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserType

from abcd_run.testing.cli import PROGRAM, http_status
from tests.e2e.desktop.looking import (
    CHROMIUM,
    FIRST,
    QUIET,
    SLOW,
    USER,
    Document,
    alike,
    inside,
    mode,
    page,
    picture,
    shot,
    url,
)
from tests.waiting import until

pytestmark = SLOW

SMALLER = (1000, 700)
FOLLOWS = 3.0
"""Seconds within which the screen inside has the size of the window."""

WRONG = ("wrong", "")
XPRA = r"""
for process in /proc/[0-9]*; do
    tr '\0' '\n' <$process/cmdline | grep -x -q start-desktop && exec tr '\0' '\n' <$process/cmdline
done
"""
"""Print the words of xpra's command line, one per line."""


@pytest.fixture(params=["podman", "docker", "lxd"])
def desktop(request: pytest.FixtureRequest, desktops: dict[str, Document]) -> Document:
    """Return the desktop of each container runtime."""
    if request.param not in desktops:
        pytest.skip(f"{request.param} is not among ABCD_RUN_ENGINES")
    return desktops[request.param]


SHOWN = pytest.mark.parametrize(
    "desktop",
    ["podman", *(pytest.param(name, marks=pytest.mark.soak) for name in ("docker", "lxd"))],
    indirect=True,
)
"""Each run asks all three for the same of Plasma (test_plasma)."""


@SHOWN
def test_the_browser_shows_what_is_there(
    desktop: Document, browser: Browser, artifacts: Path
) -> None:
    runtime = desktop["runtime"]
    with page(browser, desktop) as opened:
        until(lambda: mode(desktop) == FIRST, within=FOLLOWS)
        there = picture(desktop, artifacts / f"{runtime}-inside.png")
        seen = artifacts / f"{runtime}-browser.png"
        # The last frames may still be on their way.
        until(lambda: alike(shot(opened, seen), there), within=10)


@SHOWN
def test_typing_arrives(desktop: Document, browser: Browser) -> None:
    with page(browser, desktop) as opened:
        opened.mouse.click(300, 560)
        opened.keyboard.type("echo typed-$((40 + 2)) > /tmp/typed\n", delay=20)
        until(lambda: inside(desktop, "cat /tmp/typed 2>/dev/null || :") == "typed-42\n", within=10)
        opened.keyboard.type("rm /tmp/typed; clear\n", delay=20)
        until(lambda: inside(desktop, "ls /tmp/typed 2>/dev/null || :") == "", within=10)


@SHOWN
def test_the_screen_follows_the_window(
    desktop: Document, browser: Browser, artifacts: Path
) -> None:
    with page(browser, desktop) as opened:
        for width, height in (SMALLER, (1111, 777), FIRST):
            opened.set_viewport_size({"width": width, "height": height})
            until(lambda size=(width, height): mode(desktop) == size, within=FOLLOWS)  # type: ignore[misc]
            shot(opened, artifacts / f"{desktop['runtime']}-{width}x{height}.png")


REFUSED = {401, 429}
"""Wrong logins are refused; many attempts are slowed down: see test_gate.py."""


@pytest.mark.parametrize("password", WRONG)
@pytest.mark.parametrize("path", ["", "index.html", "socket", "Status", "Info", "js/Client.js"])
def test_pages_want_the_password(desktop: Document, path: str, password: str) -> None:
    address = url(desktop) + path
    assert http_status(address)[0] == 401
    assert http_status(address, user=USER, password=password)[0] in REFUSED
    assert http_status(address, user="", password=desktop["password"])[0] in REFUSED


def test_a_browser_with_a_wrong_password_sees_nothing(desktop: Document, browser: Browser) -> None:
    context = browser.new_context(http_credentials={"username": USER, "password": "wrong"})
    answer = context.new_page().goto(url(desktop))
    assert answer is not None
    assert answer.status in REFUSED
    context.close()


def test_the_socket_wants_the_password(desktop: Document) -> None:
    assert _socket(desktop, desktop["password"]) == 101
    for password in WRONG:
        assert _socket(desktop, password) in REFUSED
    assert _socket(desktop, None) == 401


def test_other_sites_may_not_open_the_socket(desktop: Document) -> None:
    """A browser sends its password no matter which page causes the request."""
    own = url(desktop).rstrip("/")
    assert _socket(desktop, desktop["password"], origin=own) == 101
    assert _socket(desktop, desktop["password"], origin="http://evil.example") == 403


def _socket(desktop: Document, password: str | None, *, origin: str = "") -> int:
    """Return the status of the WebSocket's handshake."""
    place = urlsplit(url(desktop))
    lines = [
        "GET /socket HTTP/1.1", f"Host: {place.netloc}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: binary",
        f"Sec-WebSocket-Key: {b64encode(bytes(16)).decode()}",
    ]  # fmt: skip
    if password is not None:
        lines += [f"Authorization: Basic {b64encode(f'{USER}:{password}'.encode()).decode()}"]
    if origin:
        lines += [f"Origin: {origin}"]
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(connection.recv(100).split()[1])


def test_nothing_else_comes_in(desktop: Document) -> None:
    """No files, no print jobs, no commands: xpra was started without them."""
    line = inside(desktop, XPRA)
    told = set(line.splitlines())
    assert {"--file-transfer=off", "--printing=no", "--start-new-commands=no"} <= told
    assert desktop["password"] not in line


def test_open_hands_the_password_over(desktop: Document, browser: Browser, tmp_path: Path) -> None:
    """The password is in no argument and no history, and nobody has to type it."""
    kind: BrowserType = browser.browser_type
    profile = tmp_path / "profile"
    told = tmp_path / "told"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >{told}.part && mv {told}.part {told}\n')
    program.chmod(0o755)
    environment = {**os.environ, "BROWSER": str(program), "DISPLAY": ":0"}
    with (
        subprocess.Popen([PROGRAM, "open", desktop["name"]], env=environment) as opening,
        kind.launch_persistent_context(profile, executable_path=CHROMIUM, args=QUIET) as context,
    ):
        until(told.exists, within=30)
        address = told.read_text().strip()
        # Not even the address that is good for one look.
        assert urlsplit(address).scheme == "file"
        assert desktop["password"] not in address
        opened = context.new_page()
        opened.goto(address, wait_until="commit")  # it leads on at once
        opened.wait_for_selector("canvas")
        assert opening.wait(timeout=30) == 0
    kept = sqlite3.connect(profile / "Default" / "History")
    visited = [str(row[0]) for row in kept.execute("select url from urls")]
    kept.close()
    assert any(urlsplit(url(desktop)).netloc in one for one in visited)
    assert not any(desktop["password"] in one for one in visited)
