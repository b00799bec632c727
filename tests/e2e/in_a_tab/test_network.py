"""Machines in two tabs of one browser see each other, if a person wants that."""

import re

import pytest
from playwright.sync_api import BrowserContext

from tests.e2e.in_a_tab.conftest import BUILD_SECONDS
from tests.e2e.in_a_tab.tab import Tab, tab
from tests.waiting import until

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)

SECONDS = 60


def _address(one: Tab) -> str:
    notes = one.page.locator("#notes")
    until(lambda: "10.86." in notes.inner_text(), within=SECONDS)
    match = re.search(r"10\.86\.\d+\.\d+", notes.inner_text())
    assert match
    return match[0]


def test_two_tabs_ping_each_other(context: BrowserContext, site: str) -> None:
    with tab(context, site) as one, tab(context, site) as other:
        addresses = [_address(each.open("?network=tabs")) for each in (one, other)]
        assert addresses[0] != addresses[1]
        for each, address in ((one, addresses[1]), (other, addresses[0])):
            each.page.bring_to_front()
            each.run(f"ping -c 2 -W 20 {address} | grep -c ttl=", 1)
            each.shows("\n2\n")


def test_off_unless_somebody_switches_it_on(empty: Tab) -> None:
    empty.open()
    empty.run("grep -c : /proc/net/dev", 1)
    empty.shows("\n1\n")
    keep = empty.dialog("keep")
    assert not keep.get_by_label("Network between tabs").is_checked()
    keep.get_by_label("Network between tabs").click()
    empty.page.locator("#ask-yes").click()
    assert _address(empty)
    assert empty.dialog("keep").get_by_label("Network between tabs").is_checked()
