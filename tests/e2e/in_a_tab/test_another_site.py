"""A page of another site, in the browser of the person who has an instance's page open."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from abcd_run.testing.cli import abcd_run
from abcd_run.testing.contract import Document
from tests.contract.person import ELSEWHERE
from tests.e2e.in_a_tab.conftest import BUILD_SECONDS, IMAGE
from tests.e2e.in_a_tab.serving import served

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 60)

CHANNEL = ("work", "hello", "told", "answer")
TRIES = """
async ([address, channel]) => {
  const put = (kind, rest) =>
    document.body.append(Object.assign(document.createElement(kind), rest));
  put("img", { src: `${address}page/icon.svg` });
  put("script", { src: `${address}page/main.js` });
  put("iframe", { src: address });
  for (const path of channel) {
    for (const method of ["GET", "POST"]) {
      await fetch(`${address}channel/${path}`, { method, mode: "no-cors", credentials: "include" })
        .catch(() => {});
    }
  }
  const read = path =>
    fetch(address + path, { credentials: "include" }).then(it => it.text(), () => "");
  return (await read("machine.json")) + (await read(""));
}
"""


@pytest.fixture(scope="module")
def instance() -> Iterator[Document]:
    words = ("--json", "--on", "browser", "--name", f"{ELSEWHERE}-site", IMAGE)
    ended = abcd_run(*words, within=BUILD_SECONDS)
    assert ended.status == 0, ended.err
    (launched,) = ended.json["instances"]
    yield launched
    assert abcd_run("stop", launched["name"]).status == 0


@pytest.fixture
def person(browser: Browser, instance: Document) -> Iterator[BrowserContext]:
    """A browser that knows the password, since its page has been opened."""
    login = {"username": "abcd", "password": str(instance["password"])}
    context = browser.new_context(http_credentials=login)  # type: ignore[arg-type]
    page = context.new_page()
    answer = page.goto(url(instance))
    assert answer
    assert answer.status == 200
    yield context
    context.close()


def url(instance: Document) -> str:
    return str(instance["endpoints"][0]["url"])


class Answers:
    """What the server said to a page's requests, those too whose answers its browser withholds."""

    def __init__(self, page: Page) -> None:
        self._asked: dict[str, str] = {}
        self._said: list[tuple[str, int]] = []
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._note)
        session.on("Network.responseReceivedExtraInfo", self._answered)

    def _note(self, event: dict[str, Any]) -> None:
        self._asked[event["requestId"]] = event["request"]["url"]

    def _answered(self, event: dict[str, Any]) -> None:
        self._said.append((event["requestId"], event["statusCode"]))

    def below(self, address: str) -> dict[str, set[int]]:
        """Return the statuses of all that was asked below an address, by what follows it."""
        said: dict[str, set[int]] = {}
        for asked, status in self._said:
            at = self._asked.get(asked, "")
            if at.startswith(address):
                said.setdefault(at.removeprefix(address), set()).add(status)
        return said


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_it_gets_nothing(
    person: BrowserContext, instance: Document, tmp_path: Path, name: str
) -> None:
    """Neither from another port of the same host, nor from another host."""
    (tmp_path / "index.html").write_text("<!doctype html><body></body>")
    with served(tmp_path) as address:
        page = person.new_page()
        page.goto(address.replace("127.0.0.1", name))
        answers = Answers(page)
        assert page.evaluate(TRIES, [url(instance), CHANNEL]) == ""
        said = answers.below(url(instance))
        page.close()
    assert {f"channel/{path}" for path in CHANNEL} | {"machine.json"} <= {*said}
    # The page itself is what a link leads to; no other script reads it, and no frame shows it.
    assert all(statuses <= {401, 403} for at, statuses in said.items() if at), said


def test_no_frame_shows_it(person: BrowserContext, instance: Document, tmp_path: Path) -> None:
    """A page over ours would steal its clicks."""
    (tmp_path / "index.html").write_text(f'<!doctype html><iframe src="{url(instance)}"></iframe>')
    with served(tmp_path) as address:
        page = person.new_page()
        page.goto(address)
        (frame,) = page.frames[1:]
        assert frame.url != url(instance)
        assert frame.locator("#terminal, #screen").count() == 0
        page.close()
