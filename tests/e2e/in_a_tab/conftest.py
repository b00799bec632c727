"""One site for all tests of this folder, a plain web server, and a browser."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from abcd_run.host import xdg
from abcd_run.testing.cli import abcd_run
from tests.contract.person import BRIEFLY
from tests.e2e.desktop.looking import CHROMIUM
from tests.e2e.in_a_tab.serving import served
from tests.e2e.in_a_tab.tab import Tab, tab

IMAGE = "abcd4demo"
BUILD_SECONDS = 600


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site's folder, as abcd-run makes it."""
    made = tmp_path_factory.mktemp("made") / "site"
    ended = abcd_run("artifact", IMAGE, "--to", "site", "-o", str(made), within=BUILD_SECONDS)
    assert ended.status == 0, ended.err
    return made


@pytest.fixture(scope="package")
def site(folder: Path) -> Iterator[str]:
    """The address of the site on a plain web server."""
    with served(folder) as address:
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=BRIEFLY)
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has stored nothing."""
    made = browser.new_context(accept_downloads=True)
    yield made
    made.close()


@pytest.fixture
def empty(context: BrowserContext, site: str) -> Iterator[Tab]:
    """A tab in which nothing is loaded yet."""
    with tab(context, site) as one:
        yield one


@pytest.fixture(scope="package")
def artifacts() -> Path:
    """The folder in which pictures are kept for people."""
    kept = Path(os.environ.get("ABCD_RUN_ARTIFACTS") or xdg.cache() / "test-artifacts")
    kept.mkdir(parents=True, exist_ok=True)
    return kept
