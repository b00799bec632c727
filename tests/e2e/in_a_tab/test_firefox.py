"""The same page in Debian's Firefox."""

import os
from pathlib import Path

import pytest

from tests.e2e.in_a_tab.conftest import BUILD_SECONDS
from tests.e2e.in_a_tab.marionette import FIREFOX, Firefox, firefox
from tests.e2e.in_a_tab.tab import PROMPT_SECONDS
from tests.waiting import until

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)

ANSWER_SECONDS = 60
UMLAUTS = "äöüß€"


def _need_firefox() -> None:
    if not Path(FIREFOX).exists():
        reason = "firefox-esr is not installed: sudo apt install firefox-esr"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def _shows(opened: Firefox, words: str, *, within: float = ANSWER_SECONDS) -> None:
    text = "document.querySelector('.xterm-rows').innerText.replaceAll('\\u00a0', ' ')"
    until(lambda: words in opened.ask(text), within=within)


def test_it_works_in_firefox(site: str, tmp_path: Path, artifacts: Path) -> None:
    _need_firefox()
    with firefox(tmp_path / "profile") as opened:
        opened.open(site)
        _shows(opened, "$", within=PROMPT_SECONDS)
        opened.type("echo $((40 + 2)) $(id -un)\n")
        _shows(opened, "42 abcd")
        opened.type(f"printf %s {UMLAUTS} | od -An -tx1 | tr -d ' '\n")
        _shows(opened, UMLAUTS.encode().hex())
        opened.picture(artifacts / "firefox.png")
        assert opened.ask("document.querySelector('#cover').hidden")
        opened.ask("document.querySelector('#keep-save').click()")
        until(
            lambda: "Saved on" in opened.ask("document.querySelector('#keep-says').innerText"),
            within=ANSWER_SECONDS,
        )
