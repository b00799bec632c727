"""The page of a machine in a tab: all of it is packaged, and nothing in it leads elsewhere."""

import posixpath
import re
import tomllib
from fnmatch import fnmatch
from html.parser import HTMLParser
from pathlib import Path

import pytest

import abcd_run.site

PAGE = Path(abcd_run.site.__file__).with_name("page")
FILES = sorted(PAGE.iterdir())
SCRIPTS = [file for file in FILES if file.suffix == ".js"]
LINES = 200


class Read(HTMLParser):
    """What the page's attributes are, and which scripts stand in it."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]


@pytest.fixture(scope="module")
def html() -> Read:
    read = Read()
    read.feed((PAGE / "index.html").read_text())
    return read


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_leads_elsewhere(file: Path) -> None:
    addresses = set(re.findall(r"\b(?:https?|wss?):?//[^\s\"'`]*", file.read_text()))
    # The name of SVG is no address: nobody fetches it.
    assert addresses - {"http://www.w3.org/2000/svg"} == set()


def test_addresses_are_relative(html: Read) -> None:
    for tag, name, value in html.attributes:
        if name in {"href", "src", "action"}:
            assert not value.startswith("/"), (tag, value)
            assert ":" not in value, (tag, value)


def test_scripts_import_what_is_there(html: Read) -> None:
    theirs = {"../v86/libv86.mjs", "../xterm/xterm.mjs", "../xterm/addon-fit.mjs"}
    for script in SCRIPTS:
        for name in re.findall(r"(?:from |import\()\"([^\"]+)\"", script.read_text()):
            assert name in theirs or (PAGE / name).is_file(), (script.name, name)
    for _, name, value in html.attributes:
        if name in {"href", "src"} and value.startswith("page/"):
            assert (PAGE / value.removeprefix("page/")).is_file(), value


def test_all_that_the_shell_needs_is_fetched_at_once(html: Read) -> None:
    """Not one import after the other, and nothing that can come later."""
    needed = {"page/main.js"}
    for _ in SCRIPTS:
        ours = {name for name in needed if name.startswith("page/")}
        for name in ours:
            text = (PAGE / name.removeprefix("page/")).read_text()
            imported = re.findall(r"^import .* from \"([^\"]+)\"", text, re.MULTILINE)
            needed |= {posixpath.normpath(f"page/{one}") for one in imported}
    links = [value for tag, name, value in html.attributes if tag == "link" and name == "href"]
    assert {value for value in links if Path(value).suffix in {".js", ".mjs"}} == (
        needed - {"page/main.js"}
    )


def test_no_script_stands_in_the_page(html: Read) -> None:
    """So that a strict policy may forbid those."""
    assert not any(name.startswith("on") for _, name, _ in html.attributes)
    assert (PAGE / "index.html").read_text().count("<script") == sum(
        tag == "script" and name == "src" for tag, name, _ in html.attributes
    )


def test_the_policy_lets_nothing_out(html: Read) -> None:
    (policy,) = [
        value for tag, name, value in html.attributes
        if tag == "meta" and name == "content" and "default-src" in value
    ]  # fmt: skip
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'self'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert rules["connect-src"] == "'self' blob:"


def test_every_field_has_a_name(html: Read) -> None:
    ids = {value for _, name, value in html.attributes if name == "id"}
    targets = {value for tag, name, value in html.attributes if tag == "label" and name == "for"}
    assert targets <= ids
    used = set(re.findall(r"\bat\(\"([\w-]+)\"\)", "".join(one.read_text() for one in SCRIPTS)))
    assert used <= ids


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.name)
def test_scripts_are_short(script: Path) -> None:
    assert len(script.read_text().splitlines()) <= LINES


def test_every_file_is_packaged() -> None:
    """The wheel takes this package with all that git does not ignore."""
    checkout = PAGE.parent.parent.parent
    settings = tomllib.loads((checkout / "pyproject.toml").read_text())
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "abcd_run" in wheel["only-include"]
    assert "exclude" not in wheel
    rules = (
        (checkout / ".gitignore").read_text().split() if (checkout / ".gitignore").exists() else []
    )
    for file in FILES:
        path = file.relative_to(checkout).as_posix()
        assert not any(fnmatch(path, f"*{rule.strip('/')}*") for rule in rules), path
