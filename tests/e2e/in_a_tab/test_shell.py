"""The page brings a person to a shell that answers, and says so when it ends."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.in_a_tab.conftest import BUILD_SECONDS
from tests.e2e.in_a_tab.serving import served
from tests.e2e.in_a_tab.tab import COLD_SECONDS, Tab, tab
from tests.waiting import until

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)

PHONE = (360, 640)
TYPED = {
    "de": "äöüß ÄÖÜ€@{[]}|~",
    "fr": "éèçàù œ€£§µ#{[|]}",
    "us": "`~!@#$%^&*()_+-=[]{}|;:,.<>/?",
}


def test_it_loads_and_the_shell_answers(empty: Tab) -> None:
    empty.open()
    empty.run("echo $((40 + 2)) $(id -un) $(hostname)", 1)
    empty.shows("42 abcd abcd4demo")


def test_a_shell_that_ends_comes_again(empty: Tab) -> None:
    empty.open()
    empty.run("clear", 1)
    empty.type("exit")
    empty.shows("BusyBox")  # the next one's first words: the screen was cleared
    until(lambda: empty.text().rstrip().endswith("$"), within=30)
    empty.run("echo $((40 + 2))", 2)
    empty.shows("\n42\n")


def test_it_starts_without_a_saved_state(empty: Tab) -> None:
    empty.open("?boot=cold", within=COLD_SECONDS)
    empty.run("echo $((40 + 2))", 1)
    empty.shows("\n42\n")


def test_it_works_below_any_path(folder: Path, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs/one").symlink_to(folder)
    context = browser.new_context()
    with served(tmp_path) as address, tab(context, f"{address}labs/one/") as one:
        one.open("index.html")
        one.run("echo $((40 + 2))", 1)
        one.shows("\n42\n")
    context.close()


def test_a_copy_of_the_machine_is_another(context: BrowserContext, site: str) -> None:
    """Both come from one saved state: their clocks and their randomness are their own."""
    said = []
    for _ in range(2):
        with tab(context, site) as one:
            one.open()
            one.run("echo $(date +%Y-%m-%d) $(head -c 9 /dev/urandom | base64)", 1)
            today = one.page.evaluate("new Date().toISOString().slice(0, 10)")
            match = re.search(rf"^{today} (\S+)", one.text(), re.MULTILINE)
            assert match, one.text()
            said.append(match[1])
    assert said[0] != said[1]


@pytest.mark.parametrize("layout", TYPED)
def test_the_characters_of_a_keyboard_arrive(empty: Tab, layout: str) -> None:
    empty.open()
    empty.run("stty -echo", 1)
    empty.type("cat >typed")
    empty.type(TYPED[layout])
    empty.page.keyboard.press("Control+d")
    empty.run("stty echo; od -An -tx1 -v typed | tr -d ' \\n'", 2)
    empty.shows(f"{TYPED[layout]}\n".encode().hex()[:40])
    shown = re.sub(r"\s", "", empty.text())
    assert f"{TYPED[layout]}\n".encode().hex() in shown


@pytest.mark.parametrize(
    ("language", "layout"), [("de-AT", "de"), ("fr-CH", "ch(fr)"), ("en-US", "us")]
)
def test_the_keyboard_is_that_of_the_browsers_language(
    browser: Browser, site: str, language: str, layout: str
) -> None:
    context = browser.new_context(locale=language)
    with tab(context, site) as one:
        one.open()
        about = one.dialog("about")
        assert layout in about.inner_text().splitlines()
    context.close()


def test_a_paste_of_any_length_arrives(empty: Tab) -> None:
    empty.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    empty.open()
    empty.run("stty -echo", 1)
    empty.type("cat >pasted")
    lines = "".join(f"line {number} of what was pasted\n" for number in range(600))
    empty.page.evaluate("words => navigator.clipboard.writeText(words)", lines)
    empty.page.click("#paste")
    empty.page.keyboard.press("Control+d")
    empty.run("stty echo; wc -c <pasted; tail -n 1 pasted", 2)
    empty.shows(f"{len(lines)}\n")
    empty.shows("line 599 of what was pasted")


def test_it_says_when_the_machine_is_off_and_starts_again(empty: Tab) -> None:
    empty.open()
    until(lambda: empty.stage() == "ready", within=60)
    empty.type("poweroff")
    until(lambda: empty.stage() == "ended", within=30)
    empty.page.get_by_role("button", name="Start again").click()
    until(lambda: empty.stage() != "ended", within=30)
    empty.prompt()


def test_letters_grow_and_the_shell_knows_its_size(empty: Tab) -> None:
    empty.open()
    empty.run("echo size-$(stty size | tr ' ' x)-", 1)
    before = re.search(r"size-(\d+)x(\d+)-", empty.text())
    for _ in range(6):
        empty.page.click("#larger")
    empty.run("echo size-$(stty size | tr ' ' x)-", 2)
    after = re.findall(r"size-(\d+)x(\d+)-", empty.text())[-1]
    assert before, empty.text()
    assert int(after[1]) < int(before[2])


def test_it_fits_a_phone(browser: Browser, site: str, artifacts: Path) -> None:
    size = {"width": PHONE[0], "height": PHONE[1]}
    context = browser.new_context(viewport=size, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    with tab(context, site) as one:
        one.open()
        one.run("echo $((40 + 2))", 1)
        for name in ("", "files", "keep", "about"):
            if name:
                one.dialog(name)
            width = one.page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE[0], name
            one.page.screenshot(path=artifacts / f"phone-{name or 'shell'}.png")
            if name:
                one.close()
    context.close()
