"""A tab with the machine's page: what it shows, and what a person types there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Locator, Page

from tests.waiting import until

PROMPT_SECONDS = 120
"""Far beyond what a restored machine takes, on a host that does other things as well."""

COLD_SECONDS = 150
ANSWER_SECONDS = 30
WITHIN = "html[data-stage=seeded], html[data-stage=ready]"


@dataclass
class Tab:
    """A page and what went wrong on it; `left` has the addresses of other sites it asked for."""

    page: Page
    site: str
    wrong: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.wrong.append(said.text) if said.type == "error" else None,
        )
        self.page.on("request", lambda asked: self._note(asked.url))

    def _note(self, url: str) -> None:
        if not url.startswith((self.site, "blob:", "data:")):
            self.left.append(url)

    def open(self, words: str = "", *, within: float = PROMPT_SECONDS) -> "Tab":
        """Load the page, and wait for the shell's prompt."""
        self.page.goto(self.site + words)
        return self.prompt(within=within)

    def prompt(self, *, within: float = PROMPT_SECONDS) -> "Tab":
        """Wait for the shell's prompt."""
        until(lambda: self.stage() in {"seeded", "ready", "failed"}, within=within)
        assert self.stage() != "failed", self.page.inner_text("#cover")
        self.shows("$", within=within)
        return self

    def stage(self) -> str:
        """Say how far the machine is."""
        return self.page.get_attribute("html", "data-stage") or ""

    def text(self) -> str:
        """Return what the terminal shows, the lines as they stand there."""
        return self.page.inner_text(".xterm-rows").replace("\xa0", " ")

    def shows(self, words: str, *, within: float = ANSWER_SECONDS) -> None:
        """Wait until the terminal shows these words."""
        try:
            until(lambda: words in self.text(), within=within)
        except AssertionError as error:
            raise AssertionError(f"not within {within:g} s: {words!r} in\n{self.text()}") from error

    def type(self, line: str) -> None:
        """Type a line into whatever has the focus."""
        self.page.keyboard.type(f"{line}\n")

    def run(self, command: str, number: int) -> None:
        """Run a command in the shell, and wait for its end; `number` is the caller's own."""
        self.page.click("#terminal")
        self.type(f"{command}; echo end-$(({number} + 0))")
        self.shows(f"end-{number}\n")

    def dialog(self, name: str) -> Locator:
        """Open one of the page's dialogs."""
        self.page.click(f"#open-{name}")
        return self.page.locator(f"dialog#{name}")

    def close(self) -> None:
        """Close the dialog that is open."""
        self.page.keyboard.press("Escape")


@contextmanager
def tab(context: BrowserContext, site: str) -> Iterator[Tab]:
    """Open an empty tab; at the end nothing may have gone wrong on it or left the site."""
    page = context.new_page()
    one = Tab(page, site)
    yield one
    page.close()
    assert one.wrong == []
    assert one.left == []
