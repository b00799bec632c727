"""What the docs name in this repository exists."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["security.md", "reliability.md"])
def test_every_test_that_a_document_names_is_there(name: str) -> None:
    text = (TOP / "docs" / name).read_text()
    named = re.findall(r"`((?:unit|isolation|e2e|faults|soak)/[\w/.]*)`", text)
    assert len(named) > 3
    assert [path for path in named if not (TOP / "tests" / path).exists()] == []


@pytest.mark.parametrize("page", [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))], ids=str)
def test_every_page_that_is_linked_to_is_there(page: Path) -> None:
    linked = re.findall(r"\]\(([\w./-]+)\)", page.read_text())
    assert [link for link in linked if not (page.parent / link).exists()] == []


PAGES = [TOP / "README.md", TOP / "CONTRIBUTING.md", TOP / "SECURITY.md"]
PAGES += sorted((TOP / "docs").glob("*.md"))

FOLDERS = ("abcd_run/", "runtimes/", "tests/", "profiles/", "docs/")
PACKAGES = ("abcd_run", *sorted(f"abcd_run/{path.name}" for path in TOP.glob("abcd_run/*/")))
GROUPS = {
    "abcd_run.runtimes",
    "abcd_run.artifacts",
    "abcd_run.readiness",
}  # groups of entry points
OTHERS = {"--absolute-names", "--default-signal", "--from", "--strict", "--type", "--rootless"}
"""Options of tar, env, Containerfiles, mypy, VBoxManage and umoci."""


def _names(page: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    paths = [name for name in _names(page) if re.fullmatch(r"[\w/.-]+", name)]
    ours = [path for path in paths if path.startswith(FOLDERS) or path.endswith(".py")]
    literal = [path for path in ours if not re.search(r"\b(NAME|IMAGE|LAYER)\b", path)]
    assert [path for path in literal if not _exists(path)] == []


def _exists(path: str) -> bool:
    if "/" not in path:
        return any(TOP.glob(f"*/**/{path}"))
    return (TOP / path).exists() or (TOP / "tests" / path).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_function_and_class_that_a_page_names_exists(page: Path) -> None:
    missing = []
    for name in _names(page):
        dotted = re.fullmatch(r"(\w+)\.(\w+)(\(.*\))?", name)
        if not dotted or name in GROUPS:
            continue
        owner, member, called = dotted.groups()
        modules = [path for part in PACKAGES if (path := TOP / part / f"{owner}.py").exists()]
        is_class = owner[0].isupper() and not owner.isupper()
        if called or is_class:
            sources = modules or (_classes(owner) if is_class else [])
            if not any(re.search(rf"\b{member}\b", path.read_text()) for path in sources):
                missing.append(name)
        elif owner == "abcd_run" and not any((TOP / owner).glob(f"{member}*")):
            missing.append(name)
    assert missing == []


def _classes(name: str) -> list[Path]:
    files = [*(TOP / "abcd_run").rglob("*.py"), *(TOP / "runtimes").rglob("*.py")]
    written = re.compile(rf"^class {name}\b", re.MULTILINE)
    return [path for path in files if written.search(path.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_names_is_declared(page: Path) -> None:
    declared = "".join(path.read_text() for path in (TOP / "abcd_run/commands").glob("*.py"))
    declared += (TOP / "abcd_run/__main__.py").read_text()
    options = {option for name in _names(page) for option in _own_options(name)}
    known = set(re.findall(r"--[a-z][a-z-]*", declared)) | OTHERS | {"--help"}
    assert sorted(options - known) == []


def _own_options(name: str) -> list[str]:
    """Options of `--option …` alone or of `abcd-run …`: those of other programs are theirs."""
    if not name.startswith(("--", "abcd-run ")):
        return []
    return re.findall(r"(?<!\S)--[a-z][a-z-]*", name.partition(" -- ")[0])
