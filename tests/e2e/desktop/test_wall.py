"""The wall in a real browser: every desktop is a tile with its picture, and a tile opens it."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request

from abcd_run.testing import documents
from abcd_run.testing.cli import PROGRAM
from tests.e2e.desktop.looking import FIRST, SLOW, Document, colours, inside, shot
from tests.waiting import until

pytestmark = SLOW

WIDE = {"width": 1400, "height": 900}
SAME = dict(zip(("width", "height"), FIRST, strict=True))
TERMINAL = (300, 560)
PICTURES_SECONDS = 60
LOADED = "images => images.length && images.every(one => one.complete && one.naturalWidth > 0)"


@contextmanager
def _wall() -> Iterator[str]:
    """Serve the wall, and check that Ctrl-C ends it cleanly."""
    with subprocess.Popen([PROGRAM, "wall", "--json"], stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        try:
            yield str(documents.read(["wall"], _document(served.stdout))["url"])
        finally:
            served.send_signal(signal.SIGINT)
        assert served.wait(timeout=30) == 0


def _document(lines: Iterator[str]) -> str:
    """Return the first document: the wall goes on after it."""
    text = ""
    for line in lines:
        text += line
        if line.rstrip() == "}":
            break
    return text


def _tile(page: Page, instance: Document) -> str:
    return f"#tiles > li:has(h2:has-text('{instance['name']}'))"


def test_every_desktop_is_a_tile(
    desktops: dict[str, Document], browser: Browser, artifacts: Path
) -> None:
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)

    with _wall() as url:
        context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
        page = context.new_page()
        page.on("request", note)
        page.goto(url)
        for one in desktops.values():
            tile = page.locator(_tile(page, one))
            tile.locator("img").wait_for(timeout=PICTURES_SECONDS * 1000)
            assert one["runtime"] in tile.inner_text()
            assert "ready" in tile.inner_text()
            assert tile.locator("img").get_attribute("alt") == f"screen of {one['name']}"
        assert page.locator("#tiles img").evaluate_all(LOADED)
        assert colours(shot(page, artifacts / "wall.png")) > 100
        # Works offline: nothing was asked of anybody else.
        assert all(request.url.startswith(url) for request in asked)
        assert not any(one["password"] in page.content() for one in desktops.values())
        context.close()


def test_a_tile_opens_its_desktop_by_keyboard(
    desktops: dict[str, Document], browser: Browser
) -> None:
    """The person types no password: the wall passes it to the browser."""
    wanted = next(one for one in desktops.values() if one["runtime"] != "libvirt")
    with _wall() as url:
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        page.locator(f"{_tile(page, wanted)} a").focus()
        with context.expect_page() as opened:
            page.keyboard.press("Enter")
        opened.value.wait_for_selector("canvas")
        until(lambda: colours(shot(opened.value)) > 100, within=30)
        context.close()


def test_a_machine_is_opened_in_a_tab(
    desktops: dict[str, Document], browser: Browser, artifacts: Path
) -> None:
    if "libvirt" not in desktops:
        pytest.skip("libvirt is not among ABCD_RUN_ENGINES")
    machine = desktops["libvirt"]
    with _wall() as url:
        context = browser.new_context(viewport=SAME)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(url)
        with context.expect_page() as opened:
            page.locator(f"{_tile(page, machine)} h2 a").click()
        tab = opened.value
        tab.locator("#panel").wait_for(state="hidden", timeout=PICTURES_SECONDS * 1000)
        until(lambda: colours(shot(tab, artifacts / "machine-in-a-tab.png")) > 100, within=30)
        tab.mouse.click(*TERMINAL)
        tab.keyboard.type("mkdir /tmp/in-a-tab\n", delay=60)
        until(lambda: "in-a-tab" in inside(machine, "ls /tmp").split(), within=30)
        context.close()


def test_strangers_see_nothing(browser: Browser) -> None:
    with _wall() as url:
        root = url[: url.index("/", len("http://"))]
        context = browser.new_context()
        for address in (root + "/", root + "/instances.json", url[:-5] + "/instances.json"):
            answer = context.request.get(address)
            assert answer.status == 404
        context.close()
