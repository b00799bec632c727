"""A person with a browser who opens the page of each new instance, and closes it at its end."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright

from abcd_run.model import Instance
from abcd_run.viewing.handover import with_login
from abcd_run_browser.runtime import BrowserRuntime
from tests.e2e.desktop.looking import CHROMIUM, QUIET

BRIEFLY = (*QUIET, "--js-flags=--liftoff-only")
"""For machines that live for seconds: what is compiled a second time never pays."""

USER = "abcd"
LOOK_MILLISECONDS = 200
ELSEWHERE = "beside"
"""How the names of instances begin that another test opens by itself."""
START_SECONDS, END_SECONDS = 60.0, 30.0


@contextmanager
def person() -> Iterator[None]:
    """Have the pages of this user's instances opened during the block."""
    up, over = Event(), Event()
    thread = Thread(target=_look, args=(up, over), daemon=True)
    thread.start()
    assert up.wait(START_SECONDS), "there is no Chromium"
    try:
        yield
    finally:
        over.set()
        thread.join(END_SECONDS)


def _look(up: Event, over: Event) -> None:
    """Open and close tabs: playwright's objects are those of one thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BRIEFLY)
        opened: dict[str, BrowserContext] = {}
        clock = browser.new_page()
        up.set()
        while not over.is_set():
            there = {_address(one): one for one in BrowserRuntime().instances() if _awaits(one)}
            for address in opened.keys() - there.keys():
                with suppress(Error):
                    opened.pop(address).close()
            for address in there.keys() - opened.keys():
                opened[address] = _open(browser, there[address])
            clock.wait_for_timeout(LOOK_MILLISECONDS)
        browser.close()


def _awaits(instance: Instance) -> bool:
    return instance.running and not instance.name.startswith(ELSEWHERE)


def _address(instance: Instance) -> str:
    """Return what tells a page from one that a restarted server has."""
    return f"{instance.name} {instance.endpoints[0].url}"


def _open(browser: Browser, instance: Instance) -> BrowserContext:
    context = browser.new_context()
    address = with_login(instance.endpoints[0].url, USER, instance.password)
    with suppress(Error):  # it has ended meanwhile
        context.new_page().goto(address, wait_until="commit")
    return context
