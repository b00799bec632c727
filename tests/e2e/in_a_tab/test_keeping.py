"""One's own machine is saved in the browser, goes on after a reload, and can be cleared."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.in_a_tab.conftest import BUILD_SECONDS
from tests.e2e.in_a_tab.tab import Tab, tab
from tests.waiting import until

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)

SECONDS = 90


def _save(tab: Tab) -> None:
    keep = tab.dialog("keep")
    keep.get_by_role("button", name="Save the machine").click()
    until(lambda: "Saved on" in keep.locator("#keep-says").inner_text(), within=SECONDS)
    assert "MB" in keep.locator("#keep-says").inner_text()
    tab.close()


def test_saved_reloaded_and_gone_on_with(empty: Tab) -> None:
    empty.open()
    empty.run("echo kept >mine; cd /tmp; FOO=remembered", 1)
    _save(empty)
    empty.run("rm ~/mine", 2)
    empty.page.reload()
    empty.prompt()
    empty.page.get_by_role("button", name="Go on with it").click()
    until(lambda: "end-1" in empty.text(), within=SECONDS)
    # The same shell, where it was: not only its files.
    empty.run("cat ~/mine; pwd; echo $FOO $(date +%Y)", 3)
    year = empty.page.evaluate("new Date().getFullYear()")
    empty.shows(f"kept\n/tmp\nremembered {year}")
    # Files still go both ways, under names that the saved machine has not used.
    keep = empty.dialog("keep")
    keep.get_by_role("button", name="Clear").click()
    empty.page.locator("#ask-yes").click()
    until(lambda: "Nothing is saved" in keep.locator("#keep-says").inner_text(), within=SECONDS)


def test_a_reset_asks_and_starts_afresh(empty: Tab) -> None:
    empty.open()
    empty.run("echo lost >mine", 1)
    empty.dialog("keep").get_by_role("button", name="Reset").click()
    empty.page.locator("#ask").get_by_role("button", name="Cancel").click()
    empty.close()
    empty.run("cat mine", 2)
    empty.dialog("keep").get_by_role("button", name="Reset").click()
    empty.page.locator("#ask-yes").click()
    until(lambda: "end-2" not in empty.text(), within=SECONDS)
    empty.prompt()
    empty.run("cat mine", 3)
    empty.shows("No such file")


def test_without_storage_it_says_why(browser: Browser, site: str) -> None:
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined });")
    with tab(context, site) as one:
        one.open()
        keep = one.dialog("keep")
        assert keep.get_by_role("button", name="Save the machine").is_disabled()
        assert "cannot be saved" in keep.locator("#keep-says").inner_text()
    context.close()
