"""The site on nginx below a path, set up as docs/site.md says, and offline."""

import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.e2e.in_a_tab.conftest import BUILD_SECONDS
from tests.e2e.in_a_tab.tab import tab
from tests.nginx import nginx

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)


def test_it_works_with_the_settings_of_the_page(
    folder: Path, context: BrowserContext, tmp_path: Path
) -> None:
    with nginx(folder, tmp_path / "nginx") as address, tab(context, address) as one:
        one.open()
        one.run("echo $((40 + 2))", 1)
        one.shows("\n42\n")


def test_what_never_changes_may_be_kept_and_all_else_is_asked_for(
    folder: Path, tmp_path: Path
) -> None:
    with nginx(folder, tmp_path / "nginx") as address:
        state = next((folder / "machine").glob("state-*")).name
        for path, says in ((f"machine/{state}", "immutable"), ("machine.json", "no-cache")):
            with urllib.request.urlopen(f"{address}{path}", timeout=30) as answer:
                assert says in answer.headers["Cache-Control"]
