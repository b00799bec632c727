"""A third-party package, installed by pip beside abcd-run, passes the contract suite."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from abcd_run_box import box

TOP = Path(__file__).parents[3]
THEIRS = TOP / "tests" / "third_party"
SECONDS = 280

pytestmark = pytest.mark.timeout(2 * SECONDS)


def done(*line: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=SECONDS)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh environment with both, and nothing of this checkout on its path."""
    refuse = pytest.fail if os.environ.get("CI") else pytest.skip
    if os.getuid() == 0:
        pytest.skip("root's namespaces have root inside")
    if problem := box.problem():
        refuse(f"users get no namespaces here: {problem}")
    folder = tmp_path_factory.mktemp("installed")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PYTHONPATH", "PYTEST_ADDOPTS"):
            patch.delenv(name, raising=False)
        patch.setenv("ABCD_RUN_CACHE", str(folder / "cache"))
        patch.setenv("ABCD_RUN_PROFILES", str(THEIRS / "suite"))
        patch.setenv("HOME", str(folder))
        # setuptools writes beside what it builds.
        theirs = shutil.copytree(THEIRS, folder / "theirs")
        assert done(sys.executable, "-m", "venv", folder / "venv").returncode == 0
        python = folder / "venv" / "bin" / "python"
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        fetched = done(*pip, f"{TOP}[testing]", theirs)
        if fetched.returncode:
            refuse(f"pip: {fetched.stderr.strip()[-300:]}")
        yield python
        for left in box.root().glob("[!.]*"):
            box.remove(left.name)


def test_it_passes_the_contract_suite(installed: Path, tmp_path: Path) -> None:
    suite = shutil.copytree(THEIRS / "suite", tmp_path / "suite")
    ended = done(
        installed, "-m", "pytest", "-v", "-p", "no:cacheprovider", suite / "box_contract.py"
    )
    print(ended.stdout)  # noqa: T201  (shown when this test fails)
    assert ended.returncode == 0
    rows = re.findall(r"::(test_\w+)\S* (PASSED|SKIPPED)", ended.stdout)
    assert dict(rows)["test_host_root_is_who_root_inside_is"] == "PASSED"
    assert {test for test, how in rows if how == "SKIPPED"} == {
        "test_image_on_disk",
        "test_builder_says_what_is_wrong",
        "test_restart",
        "test_suspend_and_resume",
    }


def test_its_format_and_its_options_are_told(installed: Path, tmp_path: Path) -> None:
    program, out = installed.with_name("abcd-run"), tmp_path / "page.crate"
    written = done(program, "artifact", "page", "--to", "crate", "-o", out)
    assert written.returncode == 0, written.stderr
    assert out.read_text() == "crate of localhost/abcdicpage:1\n"
    listed = done(program, "runtimes", "--json").stdout
    assert '"box"' in listed
    assert '"parrot"' in listed


def test_pip_brings_the_users_packages_and_no_others(installed: Path) -> None:
    listed = done(installed, "-m", "pip", "list", "--format", "freeze").stdout
    names = {line.partition("==")[0].lower() for line in listed.splitlines()}
    assert {"typer", "psutil"} <= names
    assert {"click", "pydantic"}.isdisjoint(names)
