"""A desktop in a tab: drawn from the start, and it heeds the keys and the mouse of its person."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Position

from abcd_run.testing.cli import abcd_run
from tests.e2e.in_a_tab.conftest import BUILD_SECONDS
from tests.e2e.in_a_tab.serving import served
from tests.e2e.in_a_tab.tab import Tab, tab
from tests.waiting import until

IMAGE = "abcd4demo-desktop"
SECONDS = 120
WIDTH, HEIGHT = 1280, 800
COLOURS = 100
"""More than a screen of text has, and fewer than the wallpaper."""
PRESS_MS = 150
"""As long as a person holds a button."""
TERMINAL, MENU_BUTTON = (400, 500), (14, 788)
MENU = (0, 680, 130, 770)
"""Where the menu opens."""

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 4 * SECONDS)


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site with a desktop."""
    made = tmp_path_factory.mktemp("made") / "site"
    ended = abcd_run("artifact", IMAGE, "--to", "site", "-o", str(made), within=BUILD_SECONDS)
    assert ended.status == 0, ended.err
    with served(made) as address:
        yield address


@pytest.fixture
def german(browser: Browser, desktop: str) -> Iterator[Tab]:
    """A tab of a person with a German keyboard, who sees the desktop."""
    context = browser.new_context(viewport={"width": 1300, "height": 880}, locale="de-DE")
    with tab(context, desktop) as one:
        one.page.goto(desktop)
        one.page.wait_for_selector("#screen:visible", timeout=SECONDS * 1000)
        until(lambda: one.stage() == "ready", within=SECONDS)
        yield one
    context.close()


def picture(one: Tab) -> Image.Image:
    """Return what the machine's screen shows, at its own size."""
    shot = Image.open(BytesIO(one.page.locator("#vga canvas").screenshot()))
    return shot.convert("RGB").resize((WIDTH, HEIGHT))


def click(one: Tab, at: tuple[int, int]) -> None:
    """Click at a place of the machine's screen."""
    canvas = one.page.locator("#vga canvas")
    box = canvas.bounding_box()
    assert box
    place: Position = {"x": at[0] * box["width"] / WIDTH, "y": at[1] * box["height"] / HEIGHT}
    one.page.mouse.move(box["x"] + place["x"], box["y"] + place["y"])
    one.page.mouse.down()
    one.page.wait_for_timeout(PRESS_MS)
    one.page.mouse.up()


def test_a_person_can_work_in_it(german: Tab, artifacts: Path) -> None:
    """The layout is that of the browser's language, and the pointer is where the mouse is."""
    shown = picture(german)
    shown.save(artifacts / "desktop-in-a-tab.png")
    assert shown.getcolors(COLOURS) is None  # there are more
    german.page.click("#view")
    german.shows("$")
    german.run("export DISPLAY=:0 XAUTHORITY=/run/abcd/session/authority", 1)
    german.run("until setxkbmap -query | grep -q 'layout: *de'; do sleep 1; done", 2)
    german.page.click("#view")
    click(german, TERMINAL)
    german.page.keyboard.type("touch zebra\n", delay=60)
    click(german, MENU_BUTTON)
    before = shown.crop(MENU)
    until(lambda: picture(german).crop(MENU) != before, within=SECONDS)
    german.page.click("#view")
    german.run("until [ -e yebra ]; do sleep 1; done; ls", 3)
    german.shows("yebra")
