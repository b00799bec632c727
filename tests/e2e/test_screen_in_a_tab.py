"""A machine's screen in a tab of a real browser, through the wall: typing arrives."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from abcd_run.testing.cli import PROGRAM, abcd_run, launch
from tests.e2e.desktop.looking import CHROMIUM, QUIET
from tests.engines_here import need
from tests.isolation.test_whose_socket import STRANGER
from tests.waiting import until

Document = dict[str, Any]

NAME = f"in-a-tab-{os.getpid()}"
BUILD_SECONDS = 280
SHOWN_SECONDS = 60
ARRIVES_SECONDS = 30
KEY_SECONDS = 0.06
"""Between two keys: a machine's keyboard keeps eight of them, and an emulated one is slow."""

SHIFTED = '~!@#$%^&*()_+{}|:"<>?'

pytestmark = pytest.mark.timeout(2 * BUILD_SECONDS)


@pytest.fixture(scope="module")
def machine() -> Iterator[Document]:
    """A machine with a login on its screen."""
    need("libvirt")
    built = abcd_run("pull", "--quiet", "--on", "libvirt", "abcd4demo", within=BUILD_SECONDS)
    assert built.status == 0, built.err
    (machine,) = launch("--on", "libvirt", "--name", NAME, "abcd4demo")
    yield machine
    assert abcd_run("stop", NAME).status == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@contextmanager
def _wall() -> Iterator[str]:
    """Serve the wall, and check that Ctrl-C ends it cleanly, open tabs or not."""
    line = [PROGRAM, "wall", "--quiet", "--on", "libvirt"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        try:
            yield served.stdout.readline().strip()
        finally:
            served.send_signal(signal.SIGINT)
        assert served.wait(timeout=30) == 0


@contextmanager
def _tab(browser: Browser, url: str) -> Iterator[Page]:
    """Click on the machine's tile, and wait until its screen is in the new tab."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    with context.expect_page() as opened:
        page.locator(f"#tiles > li:has-text('{NAME}') a:has-text('Screen in a tab')").click()
    tab = opened.value
    tab.locator("canvas").wait_for(timeout=SHOWN_SECONDS * 1000)
    tab.locator("#panel").wait_for(state="hidden", timeout=SHOWN_SECONDS * 1000)
    yield tab
    context.close()


def _type(tab: Page, words: str) -> None:
    """Press the keys of an American keyboard for these words, and Enter."""
    for letter in words:
        with _shift(tab) if letter.isupper() or letter in SHIFTED else nullcontext():
            tab.keyboard.press(letter, delay=KEY_SECONDS * 1000)
    tab.keyboard.press("Enter", delay=KEY_SECONDS * 1000)


@contextmanager
def _shift(tab: Page) -> Iterator[None]:
    tab.keyboard.down("Shift")
    yield
    tab.keyboard.up("Shift")


def _runs(user: str, words: str) -> bool:
    """Say whether a user inside runs a program with these words."""
    ended = abcd_run("exec", NAME, "--", "ps", "-o", "user,args")
    assert ended.status == 0, ended.err
    lines = (line.split(maxsplit=1) for line in ended.out.splitlines())
    return any(line[0] == user and words in line[1] for line in lines)


def _has(file: str, words: str) -> bool:
    ended = abcd_run("exec", NAME, "--", "sh", "-c", f"cat {file} 2>/dev/null || :")
    return ended.out == words


def test_typing_arrives(machine: Document, browser: Browser) -> None:
    """The person logs in on the console, and writes a file there."""
    with _wall() as url, _tab(browser, url) as tab:
        assert tab.title() == NAME
        _type(tab, "abcd")
        until(lambda: _runs("root", "login"), within=ARRIVES_SECONDS)
        _type(tab, machine["password"])
        until(lambda: _runs("abcd", "-sh"), within=ARRIVES_SECONDS)
        _type(tab, 'echo "Typed: $((40 + 2))" > /tmp/typed')
        until(lambda: _has("/tmp/typed", "Typed: 42\n"), within=ARRIVES_SECONDS)


def test_the_tab_ends_with_the_wall(machine: Document, browser: Browser) -> None:
    with ExitStack() as stack:
        with _wall() as url:
            tab = stack.enter_context(_tab(browser, url))
        tab.locator("#again").wait_for(timeout=SHOWN_SECONDS * 1000)
        assert tab.locator("#says").inner_text() == f"The screen of {NAME} has ended."


def test_another_page_gets_nothing(machine: Document, browser: Browser) -> None:
    """Not even one that knows the address, in the same browser and on the same host."""
    with _wall() as url, _another_page() as other:
        context = browser.new_context()
        page = context.new_page()
        socket = url.replace("http:", "ws:") + f"socket/{NAME}"
        page.goto(url)
        assert page.evaluate(OPENS, socket)
        assert not page.evaluate(OPENS, socket.replace("/socket/", "x/socket/"))
        page.goto(other)
        assert not page.evaluate(OPENS, socket)
        context.close()


def test_another_user_gets_nothing(machine: Document) -> None:
    """Not even one who knows the address, and asks just as the page does."""
    with _wall() as url:
        place = urlsplit(url)
        line = [sys.executable, "-I", "-c", KNOCK, str(place.port), f"{place.path}socket/{NAME}"]
        for who, hears in ((STRANGER, "nothing"), ([], "HTTP/1.1 101")):
            ended = subprocess.run([*who, *line], capture_output=True, text=True, check=True)
            assert ended.stdout.strip() == hears


KNOCK = """
import socket, sys
port, path = sys.argv[1:]
lines = [
    f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}",
    "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", "",
]
with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as asking:
    try:
        asking.sendall("\\r\\n".join(lines).encode())
        print(asking.recv(12).decode() or "nothing")
    except ConnectionError:
        print("nothing")
"""

OPENS = """
address => new Promise(done => {
  const socket = new WebSocket(address);
  socket.onopen = () => done(true);
  socket.onclose = () => done(false);
})
"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def _another_page() -> Iterator[str]:
    """Serve another page on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
