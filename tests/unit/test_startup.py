"""What start-up imports, measured as modules: time is for `make bench`."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SDKS = {"podman", "docker", "pylxd", "libvirt", "requests", "ws4py", "pycdlib"}
HEAVY = {"pydantic", "rich", "typing_extensions", "attr", "asyncio"}

SCRIPT = """
import sys
from abcd_run.__main__ import main
sys.argv = ["abcd-run", *sys.argv[1:]]
status = main()
sys.stderr.write("\\n" + " ".join(sys.modules) + "\\n")
sys.exit(status)
"""

Plugins = Callable[..., Path]


def imported(*arguments: str) -> set[str]:
    """Return all modules that a command has imported when it ends."""
    command = [sys.executable, "-c", SCRIPT, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return set(ended.stderr.splitlines()[-1].split())


@pytest.fixture
def installed(plugins: Plugins) -> Path:
    """Every built-in backend that is there, and the fake."""
    backends = {}
    for name in ("podman", "docker", "lxd", "libvirt", "virtualbox"):
        if (Path(__file__).parents[2] / "runtimes" / f"abcd_run_{name}").is_dir():
            backends[name] = f"abcd_run_{name}:BACKEND"
    return plugins(fake="abcd_run.testing.fake:BACKENDS.fake", **backends)


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version_imports_nothing(option: str, installed: Path) -> None:
    found = imported(option)
    assert not {"typer", "importlib.metadata", "dataclasses", "typing", "json"} & found
    assert {name for name in found if name.startswith("abcd_run")} == {
        "abcd_run",
        "abcd_run.__main__",
    }


@pytest.mark.parametrize(
    "arguments", [("ps",), ("ps", "--json"), ("images",), ("--help",), ("ps", "--help")], ids=str
)
def test_a_host_without_engines_imports_no_sdk(arguments: tuple[str, ...], installed: Path) -> None:
    found = imported(*arguments)
    assert not (SDKS | HEAVY) & found
    assert "abcd_run_podman.runtime" not in found
    assert "abcd_run.wall" not in found
    assert "http.server" not in found or "abcd_run.testing.page" in found
    assert ("abcd_run_podman" in found) == (arguments[0] == "ps" and "--help" not in arguments)


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--dry-run",)], ids=str)
def test_a_launch_imports_nothing_heavy(
    arguments: tuple[str, ...], installed: Path, web: Path
) -> None:
    found = imported("--on", "fake", "web", *arguments)
    assert not (SDKS | HEAVY) & found
    assert "abcd_run_podman.runtime" not in found
    assert "abcd_run.launch" in found


def test_the_measure_sees_what_is_imported(installed: Path) -> None:
    """This test fails when the measure itself is broken."""
    command = [sys.executable, "-c", "import requests" + SCRIPT, "--version"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "requests" in ended.stderr.splitlines()[-1].split()


INTERRUPTED = """
import sys
from abcd_run.__main__ import console

class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == "abcd_run.commands":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Impatient())
sys.argv = ["abcd-run", "ps"]
console()
"""


def test_ctrl_c_during_start_up_is_no_crash() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "abcd-run: interrupted\n")
