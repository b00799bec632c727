"""The tree: each package knows those below it alone, and nothing leads round in a circle."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]

LAYERS = (
    ("errors", "limits", "model", "runtime", "schema", "units", "variables", "visible"),
    ("concurrency",),
    ("host",),
    ("oci",),
    ("download",),
    ("iso",),
    ("disk",),
    ("kernel",),
    ("stick",),
    ("site",),
    ("backend",),
    ("plugins",),
    ("images",),
    ("build",),
    ("artifact",),
    ("plan",),
    ("launch",),
    ("transfer",),
    ("doctor",),
    ("viewing",),
    ("netboot",),
    ("verify",),
    ("session",),
    ("report",),
    ("wall",),
    ("commands",),
    ("__main__",),
    ("testing",),
)
"""Of `abcd_run`, from below: docs/tree.md says what each is for."""

PACKAGES = {name: height for height, names in enumerate(LAYERS) for name in names}


def _modules() -> dict[str, Path]:
    files = sorted((TOP / "abcd_run").rglob("*.py"))
    names = [".".join(path.relative_to(TOP).with_suffix("").parts) for path in files]
    return dict(zip([name.removesuffix(".__init__") for name in names], files, strict=True))


MODULES = _modules()


def _imports(path: Path) -> Iterator[str]:
    """Yield the modules of ours that a file imports, wherever it does, for types too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("abcd_run"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else str(node.module)


def _package(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


IMPORTS = {name: {*_imports(path)} & {*MODULES} - {name} for name, path in MODULES.items()}


def test_each_package_has_its_height() -> None:
    assert {_package(name) for name in MODULES} - {""} == {*PACKAGES}


@pytest.mark.parametrize("module", [name for name in MODULES if _package(name)])
def test_no_module_imports_from_above(module: str) -> None:
    height = PACKAGES[_package(module)]
    above = [
        name
        for name in IMPORTS[module]
        if _package(name)
        and _package(name) != _package(module)
        and PACKAGES[_package(name)] >= height
        and not height == PACKAGES[_package(name)] == 0
    ]
    assert above == []


def test_no_module_leads_back_to_itself() -> None:
    # The top itself lends `Session`, and is read for its version.
    left = {name: others - {"abcd_run"} for name, others in IMPORTS.items() if name != "abcd_run"}
    while free := [name for name, others in left.items() if not others & {*left}]:
        for name in free:
            del left[name]
    assert sorted(left) == []


SOURCES = [path for top in ("abcd_run", "runtimes", "tests") for path in (TOP / top).rglob("*.py")]
LINES, FUNCTION_LINES = 400, 50


def test_no_file_and_no_function_is_too_long() -> None:
    long = []
    for path in SOURCES:
        text = path.read_text()
        if len(text.splitlines()) > LINES:
            long.append(str(path))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                long += [f"{path}:{node.name}"] if length > FUNCTION_LINES else []
    assert long == []


RUNTIMES = {path.name.removeprefix("abcd_run_") for path in (TOP / "runtimes").iterdir()}
SAME_WORD = {"abcd_run.model", "abcd_run.doctor.advisories"}
"""Where `lxd` is a format, and a program with known weaknesses."""


def test_the_core_names_no_runtime() -> None:
    naming = {
        name
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in RUNTIMES
    }
    assert naming == SAME_WORD
