"""The kit of backends: what they may import is documented, and does not change unawares."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_tree import MODULES, PACKAGES

TOP = Path(__file__).parents[2]
PAGE = TOP / "docs" / "kit.md"
PINNED = Path(__file__).with_name("kit.txt")
"""A change here is one for the authors of all runtimes: CHANGELOG.md must tell them."""

BACKENDS = [*TOP.glob("runtimes/*"), *TOP.glob("tests/third_party/abcd_run_*")]


def imported(package: Path) -> set[str]:
    """Return the modules of abcd-run that a package imports, wherever it does."""
    names = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "abcd_run":
                wholes = {f"{node.module}.{alias.name}" for alias in node.names}
                names |= {one if one in MODULES else str(node.module) for one in wholes}
    return names


def documented() -> list[str]:
    """Return the modules that the page lists."""
    return re.findall(r"^\| `(abcd_run[\w.]+)` \|", PAGE.read_text(), re.MULTILINE)


def surface(module: str) -> Iterator[str]:
    """Yield what a module offers, a line for each name; of functions their parameters, too."""
    for node in ast.parse(MODULES[module].read_text()).body:
        if isinstance(node, ast.FunctionDef):
            names, line = [node.name], f"{node.name}({ast.unparse(node.args)})"
        elif isinstance(node, ast.ClassDef):
            names, line = [node.name], f"class {node.name}: {', '.join(_methods(node))}"
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            inside = [one for target in targets for one in ast.walk(target)]
            names = [one.id for one in inside if isinstance(one, ast.Name)]
            line = ", ".join(names)
        else:
            continue
        if not any(name.startswith("_") for name in names):
            yield f"{module}: {line}"


def _methods(node: ast.ClassDef) -> list[str]:
    functions = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    return [f"{one.name}({ast.unparse(one.args)})" for one in functions if one.name[0] != "_"]


@pytest.mark.parametrize("package", BACKENDS, ids=lambda package: package.name)
def test_a_backend_imports_the_kit_alone(package: Path) -> None:
    assert imported(package) <= {*documented()}


def test_the_page_lists_what_is_there_and_used() -> None:
    assert len(documented()) == len({*documented()})
    used = set().union(*map(imported, BACKENDS))
    assert {*documented()} == used


def test_the_kit_lies_below_what_uses_backends() -> None:
    above = PACKAGES["plugins"]
    high = {name for name in documented() if PACKAGES[name.split(".")[1]] >= above}
    # The one exception is what a plug-in for readiness answers with.
    assert high == {"abcd_run.plugins.readiness_kinds"}


def test_its_names_are_pinned() -> None:
    """Write the new lines into the file when the change is meant: the difference shows them."""
    lines = [line for module in sorted(documented()) for line in surface(module)]
    assert PINNED.read_text().splitlines() == lines
