"""What start-up imports, measured as modules: time is for `make bench`."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SDKS = {"podman", "docker", "pylxd", "libvirt", "requests", "ws4py", "pycdlib"}
HEAVY = {
    "pydantic", "rich", "charset_normalizer", "typing_extensions", "attr", "asyncio",
    "importlib.metadata",
}  # fmt: skip
FOR_LATER = {
    "psutil", "email", "http.client", "ssl", "hashlib", "abcd_run_podman.runtime",
    "abcd_run.images.profile", "abcd_run.launch.readiness", "abcd_run.plan.planner",
    "abcd_run.plan.request", "abcd_run.plan.settings", "abcd_run.session.events",
    "abcd_run.session.lifecycle", "abcd_run.viewing.viewer", "abcd_run.wall",
    "abcd_run.report.documents", "abcd_run.report.command_documents",
    "abcd_run.report.json_schema",
}  # fmt: skip
"""What a launch needs, or `ps` where something runs, or what fails."""

SCRIPT = """
import sys
from abcd_run.__main__ import main
sys.argv = ["abcd-run", *sys.argv[1:]]
status = main()
there = [name for name, module in sys.modules.items() if module]
sys.stderr.write("\\n" + " ".join(there) + "\\n")
sys.exit(status)
"""

Plugins = Callable[..., Path]


def imported(*arguments: str) -> set[str]:
    """Return all modules that a command has imported when it ends."""
    command = [sys.executable, "-c", SCRIPT, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return set(ended.stderr.splitlines()[-1].split())


BUILT_IN = {
    name: f"abcd_run_{name}:BACKEND"
    for name in ("podman", "docker", "lxd", "libvirt", "virtualbox", "kubernetes", "browser")
    if (Path(__file__).parents[2] / "runtimes" / f"abcd_run_{name}").is_dir()
}


@pytest.fixture
def installed(plugins: Plugins) -> Path:
    """Every built-in backend that is there, and the fake."""
    return plugins(fake="abcd_run.testing.fake:BACKENDS.fake", **BUILT_IN)


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version_imports_nothing(option: str, installed: Path) -> None:
    modules = imported(option)
    assert not {"typer", "importlib.metadata", "dataclasses", "typing", "json"} & modules
    assert {name for name in modules if name.startswith("abcd_run")} == {
        "abcd_run",
        "abcd_run.__main__",
    }


@pytest.mark.parametrize(
    "arguments", [("ps",), ("ps", "--json"), ("--help",), ("ps", "-h")], ids=str
)
def test_a_host_without_engines_imports_no_sdk(
    arguments: tuple[str, ...], plugins: Plugins
) -> None:
    plugins(**BUILT_IN)
    modules = imported(*arguments)
    assert not (SDKS | HEAVY | FOR_LATER) & modules
    assert ("abcd_run_podman" in modules) == (arguments in [("ps",), ("ps", "--json")])


def test_images_asks_no_runtime(installed: Path) -> None:
    modules = imported("images")
    assert not (SDKS | HEAVY | (FOR_LATER - {"abcd_run.images.profile"})) & modules
    assert not {"abcd_run_podman", "abcd_run.plugins.fleet", "abcd_run.session.listing"} & modules


def test_a_command_imports_no_other(plugins: Plugins) -> None:
    modules = {name for name in imported("ps") if name.startswith("abcd_run.commands")}
    used = ("", ".command", ".group", ".listing", ".offered", ".options")
    assert modules == {f"abcd_run.commands{name}" for name in used}
    modules = {name for name in imported("--help") if name.startswith("abcd_run.commands")}
    assert modules == {"abcd_run.commands", "abcd_run.commands.group"}


@pytest.mark.parametrize(
    "arguments", [(), ("--json",), ("--dry-run",), ("--memory", "1MiB")], ids=str
)
def test_a_launch_imports_nothing_heavy(
    arguments: tuple[str, ...], installed: Path, web: Path
) -> None:
    modules = imported("--on", "fake", "web", *arguments)
    assert not (SDKS | HEAVY | {"psutil", "abcd_run.report.documents"}) & modules
    assert "abcd_run_podman.runtime" not in modules
    assert "abcd_run.launch.launcher" in modules


GARBAGE = """
import gc
from abcd_run import __main__ as started
started._look_for_garbage_later()
before = gc.isenabled()
from time import monotonic, sleep
end = monotonic() + 10
while not gc.isenabled() and monotonic() < end:
    sleep(0.01)
print(before, gc.isenabled())
"""


def test_garbage_is_collected_after_the_start() -> None:
    command = [sys.executable, "-c", GARBAGE]
    assert subprocess.check_output(command, text=True).split() == ["False", "True"]


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
