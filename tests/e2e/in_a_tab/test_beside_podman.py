"""One command, the same image in a container and in a tab: a person opens both."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from abcd_run.testing.cli import abcd_run
from abcd_run.testing.contract import Document
from tests.contract.person import ELSEWHERE
from tests.e2e.in_a_tab.conftest import BUILD_SECONDS, IMAGE
from tests.e2e.in_a_tab.tab import tab
from tests.engines_here import need

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)

SECONDS = 240
BOTH = ("podman", "browser")


@pytest.fixture(scope="module")
def instances() -> Iterator[dict[str, Document]]:
    need(*BOTH)
    # Not `launch`, which waits until somebody has opened a page.
    words = ("--json", "--on", ",".join(BOTH), "--name", ELSEWHERE, IMAGE)
    ended = abcd_run(*words, within=BUILD_SECONDS)
    launched = ended.json["instances"]
    assert (ended.status, len(launched)) == (0, len(BOTH)), ended.err
    yield {one["runtime"]: one for one in launched}
    assert abcd_run("stop", *(one["name"] for one in launched)).status == 0


def url(instance: Document) -> str:
    return str(instance["endpoints"][0]["url"])


def test_both_answer_and_are_the_same(instances: dict[str, Document], browser: Browser) -> None:
    assert {name: one["stage"] for name, one in instances.items()} == {
        "podman": "ready", "browser": "reachable",
    }  # fmt: skip
    for one in instances.values():
        password = str(one["password"])
        context = browser.new_context(http_credentials={"username": "abcd", "password": password})
        if one["runtime"] == "podman":
            page = context.new_page()
            answer = page.goto(url(one))
            assert answer
            assert answer.status == 200
            continue
        with tab(context, url(one)) as opened:
            opened.open()
            waited = abcd_run("wait", "--timeout", str(SECONDS), str(one["name"]), within=SECONDS)
            assert waited.status == 0, waited.err
            said = [
                abcd_run("exec", str(each["name"]), "--", "cat", "/etc/os-release").out
                for each in instances.values()
            ]
            assert said[0] == said[1] != ""
