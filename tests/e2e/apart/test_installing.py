"""`pip install '.[all]'` in a new environment, on a host that can compile nothing."""

import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[3]
PYTHON = "/usr/bin/python3"
"""Debian's: that for which apt installs packages."""
COMPILER = ("/usr/include", "/usr/lib/gcc")
"""The headers, and the programs that do the work behind gcc."""


def without_compiler(*line: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that sees no headers, and a compiler that cannot work."""
    hidden = [word for folder in COMPILER for word in ("--tmpfs", folder)]
    boxed = ["bwrap", "--dev-bind", "/", "/", *hidden, *map(str, line)]
    return subprocess.run(boxed, cwd=cwd, capture_output=True, text=True, check=False, timeout=280)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it as README says, and return the environment."""
    folder = tmp_path_factory.mktemp("installed") / "env"
    subprocess.run([PYTHON, "-m", "venv", folder], check=True)
    installed = without_compiler(folder / "bin" / "pip", "install", ".[all]", cwd=TOP)
    assert installed.returncode == 0, installed.stderr
    return folder


def test_the_box_compiles_nothing(tmp_path: Path) -> None:
    (tmp_path / "one.c").write_text("int one;")
    compiled = without_compiler("cc", "-c", "one.c", cwd=tmp_path)
    assert "cc1" in compiled.stderr
    assert not (tmp_path / "one.o").exists()


def libvirt_s(environment: Path, *, cwd: Path) -> str:
    """Return what `doctor` says about libvirt, with the line below it."""
    line = [str(environment / "bin" / "abcd-run"), "doctor"]
    said = subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False)
    lines = said.stdout.splitlines()
    place = next(place for place, line in enumerate(lines) if " libvirt: " in line)
    return "\n".join(lines[place : place + 2])


def test_doctor_names_what_apt_has_for_libvirt(environment: Path, tmp_path: Path) -> None:
    said = libvirt_s(environment, cwd=tmp_path)
    assert said.startswith("FAIL ")
    assert "the Python package 'libvirt' is not installed" in said
    apt, _, link = said.partition("→ ")[2].partition(" && ")
    assert apt == "sudo apt install python3-libvirt"  # which the engine's own script has done
    subprocess.run(["sh", "-euc", link], check=True)
    assert "ok   libvirt: usable, version" in libvirt_s(environment, cwd=tmp_path)


def test_the_other_runtimes_have_what_they_import(environment: Path, tmp_path: Path) -> None:
    imports = "import docker, isal, podman, PIL, pylxd, pycdlib, yaml, zstandard"
    line = [str(environment / "bin" / "python"), "-c", imports]
    subprocess.run(line, check=True, cwd=tmp_path)


def test_the_manual_pages_come_along(environment: Path) -> None:
    pages = environment / "share" / "man" / "man1"
    assert "a polymorphic system image" in (pages / "abcd-run.1").read_text()
    assert (pages / "abcd-run-doctor.1").exists()
