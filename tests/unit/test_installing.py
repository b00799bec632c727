"""What a person who installs abcd-run meets: extras without a compiler, lines that hold."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from abcd_run import __version__
from abcd_run.host import this_python
from abcd_run.iso import tools
from abcd_run_libvirt import sdk

TOP = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
COMPILED = {"libvirt-python"}
"""What has no wheels."""
WITHOUT_NEEDS = {"libvirt", "all", "testing", "dev"}


def brings(extra: str) -> set[str]:
    """Return the names of all packages of an extra, those of the extras in it, too."""
    names = set()
    for line in map(Requirement, EXTRAS[extra]):
        names |= set().union(*map(brings, line.extras)) if line.name == "abcd-run" else {line.name}
    return names


def test_all_takes_no_compiler_and_leaves_out_nothing_else() -> None:
    assert not brings("all") & COMPILED
    everything = set().union(*(brings(extra) for extra in EXTRAS if extra not in WITHOUT_NEEDS))
    assert brings("all") == everything == brings("all") | brings("libvirt") - COMPILED


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this program run in an environment of Debian's Python that is not on PATH."""
    programs = tmp_path / "an env" / "bin"
    programs.mkdir(parents=True)
    packages = programs.parent / "lib" / "python3.11" / "site-packages"
    monkeypatch.setattr(sys, "prefix", str(programs.parent))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    monkeypatch.setattr(
        sys, "path", ["/usr/lib/python311.zip", "/usr/lib/python3.11", str(packages)]
    )
    monkeypatch.setenv("PATH", "/nowhere")
    return programs.parent


def test_pip_is_that_of_this_python(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = this_python.install("abcd-run[podman]")
    python = str(environment / "bin" / "python")
    assert shlex.split(line) == [python, "-m", "pip", "install", "abcd-run[podman]"]
    pip = environment / "bin" / "pip"
    pip.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(pip.parent))
    assert this_python.install("abcd-run[podman]") == "pip install 'abcd-run[podman]'"


def test_another_python_s_pip_is_not_taken(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shlex.split(this_python.install("x"))[1:] == ["-m", "pip", "install", "x"]


def test_what_is_root_s_takes_sudo(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert this_python.install("x").startswith("sudo '")


def test_outside_of_environments_debian_s_pip_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(os, "__file__", str(tmp_path / "os.py"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert this_python.install("x") == f"{sys.executable} -m pip install x"
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    assert this_python.install("x").endswith("-m pip install --break-system-packages x")


def test_a_closed_environment_borrows_what_apt_installs(environment: Path) -> None:
    files = "/usr/lib/python3/dist-packages/libvirt*"
    here = f"'{environment}/lib/python3.11/site-packages'"
    assert sdk.remedy() == f"sudo apt install python3-libvirt && ln -s {files} {here}"


def test_an_open_one_takes_apt_alone(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, this_python.APT])
    assert sdk.remedy() == "sudo apt install python3-libvirt"


def test_what_apt_installs_is_for_debian_s_python(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/home/me/.pyenv/versions/3.13.1")
    assert sdk.remedy().startswith("sudo apt install gcc libc6-dev pkg-config libvirt-dev && ")
    assert sdk.remedy().endswith("-m pip install 'abcd-run[libvirt]'")


def test_without_the_bindings_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PathFinder, "find_spec", lambda _: None)
    problem = sdk.problem()
    assert problem
    assert problem.remedy == sdk.remedy()
    assert "libvirt-dev" in problem.remedy or sdk.PACKAGE in problem.remedy


def recommended() -> set[str]:
    """Return all packages that the Debian package asks for, or suggests."""
    control = (TOP / "debian" / "control").read_text().split("\n\n")[1]
    asked = re.findall(
        r"^(?:Depends|Recommends|Suggests):((?:.*\n)(?:[ #].*\n)*)", control, re.MULTILINE
    )
    return set(re.findall(r"[a-z][a-z0-9.-]+", " ".join(asked)))


def test_the_debian_package_brings_what_remedies_name() -> None:
    sources = [*(TOP / "abcd_run").rglob("*.py"), *(TOP / "runtimes").rglob("*.py")]
    lines = re.findall(r"sudo apt install ([a-z0-9. -]+)", "\n".join(map(Path.read_text, sources)))
    named = {*" ".join(lines).split(), *tools.NEEDED.values(), sdk.PACKAGE}
    # A compiler, and a kernel's driver: these are for other ways to install.
    others = {*sdk.COMPILER.split(), "virtualbox-dkms"}
    assert len(named) > 10
    assert sorted(named - others - recommended()) == []


def test_the_debian_package_has_this_version() -> None:
    first = (TOP / "debian" / "changelog").read_text().partition("\n")[0]
    assert first.startswith(f"abcd-run ({__version__}) ")


def test_the_checkout_s_own_command_runs_as_the_test_user(tmp_path: Path) -> None:
    checkout = tmp_path / "a checkout"
    (checkout / "tests" / "engines").mkdir(parents=True)
    shutil.copy(TOP / "abcd-run", checkout)
    runner = checkout / "tests" / "engines" / "run"
    runner.write_text('#!/bin/sh\necho "$ABCD_RUN_ENGINES: $*"\n')
    runner.chmod(0o755)
    (tmp_path / "link").symlink_to(checkout / "abcd-run")
    for program in (checkout / "abcd-run", tmp_path / "link"):
        said = subprocess.run([program, "ps", "--json"], capture_output=True, text=True, check=True)
        assert said.stdout == "none: abcd-run ps --json\n"
