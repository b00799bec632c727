"""What can go wrong is said once, clearly, with what to do."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.in_a_tab.conftest import BUILD_SECONDS
from tests.e2e.in_a_tab.serving import served
from tests.waiting import until

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)

SECONDS = 60


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy of the site, to be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "copy", copy_function=os.link))


@pytest.fixture
def page(copy: Path, context: BrowserContext) -> Iterator[Page]:
    """A tab on the copy."""
    with served(copy) as address:
        opened = context.new_page()
        opened.goto(f"{address}notices/")
        yield opened
        opened.close()


def _damage(file: Path, contents: bytes) -> None:
    file.unlink()  # the copy's link only
    file.write_bytes(contents)


def _told(copy: Path) -> Any:
    return json.loads((copy / "machine.json").read_text())


def _error(page: Page, words: str = "") -> str:
    page.goto(page.url.split("notices/")[0] + words)
    until(lambda: page.get_attribute("html", "data-stage") == "failed", within=SECONDS)
    return page.inner_text("#cover")


def test_a_truncated_part(copy: Path, page: Page) -> None:
    state = copy / _told(copy)["state"]["path"]
    _damage(state, state.read_bytes()[:-1000])
    error = _error(page)
    assert "is damaged" in error
    assert "bytes instead of" in error


def test_a_changed_part(copy: Path, page: Page) -> None:
    state = copy / _told(copy)["state"]["path"]
    contents = bytearray(state.read_bytes())
    contents[len(contents) // 2] ^= 1
    _damage(state, bytes(contents))
    assert "not what was published" in _error(page)


def test_a_part_that_is_not_there(copy: Path, page: Page) -> None:
    (copy / _told(copy)["kernel"]["path"]).unlink()
    assert "the server says 404" in _error(page, "?boot=cold")


@pytest.mark.parametrize(
    "damage",
    [
        "changed",
        pytest.param("truncated", marks=pytest.mark.soak),
        pytest.param("gone", marks=pytest.mark.soak),
    ],
)
def test_a_piece_of_the_root(copy: Path, page: Page, damage: str) -> None:
    """The machine waits for it; nothing inside sees a file that is too short."""
    for file in (copy / _told(copy)["root"]["base"]).iterdir():
        contents = bytearray(file.read_bytes())
        file.unlink()
        contents[len(contents) // 2] ^= 1
        if damage != "gone":
            file.write_bytes(contents if damage == "changed" else contents[:-1])
    page.goto(page.url.split("notices/")[0] + "?boot=cold")
    alert = page.get_by_role("alert").first
    alert.wait_for(timeout=SECONDS * 1000)
    assert ("404" if damage == "gone" else "is damaged") in alert.inner_text()
    assert alert.get_by_role("button", name="Try again").is_visible()


def test_a_state_of_another_memory_size(copy: Path, page: Page) -> None:
    told = _told(copy)
    told["memory"] *= 2
    _damage(copy / "machine.json", json.dumps(told).encode())
    assert "bytes of memory" in _error(page)


def test_a_page_without_its_buttons(copy: Path, page: Page) -> None:
    """They come beside the machine, which starts without them."""
    (copy / "page/toolbar.js").unlink()
    page.goto(page.url.split("notices/")[0])
    alert = page.get_by_role("alert").first
    alert.wait_for(timeout=SECONDS * 1000)
    assert "buttons of this page do not work" in alert.inner_text()
    assert alert.get_by_role("button", name="Reload").is_visible()
    page.click("#terminal")
    page.keyboard.type("echo $((40 + 2))\n")
    until(lambda: "\n42\n" in page.inner_text(".xterm-rows"), within=SECONDS)


def test_a_browser_without_web_assembly(page: Page) -> None:
    page.add_init_script("delete window.WebAssembly;")
    assert "does not run WebAssembly" in _error(page)


def test_an_emulator_that_cannot_begin(copy: Path, page: Page) -> None:
    """A program without the emulator's functions, of which the description says it is right."""
    _damage(copy / "v86/v86.wasm", b"\0asm\1\0\0\0")
    told = _told(copy)
    del told["v86"]
    _damage(copy / "machine.json", json.dumps(told).encode())
    assert "cannot begin" in _error(page)


def test_a_machine_that_says_nothing(copy: Path, page: Page) -> None:
    """A state that stands still: v86 itself never says so."""
    page.clock.install()
    page.route("**/agent.js", lambda route: route.fulfill(
        body=(copy / "page/agent.js").read_text().replace("this.#machine.send(1,", "void (1,"),
        content_type="text/javascript",
    ))  # fmt: skip
    page.goto(page.url.split("notices/")[0])
    until(lambda: page.get_attribute("html", "data-stage") == "running", within=SECONDS)
    page.clock.fast_forward(1000)
    for _ in range(70):
        page.clock.run_for(1000)
    until(lambda: page.get_attribute("html", "data-stage") == "failed", within=SECONDS)
    assert "says nothing" in page.inner_text("#cover")
