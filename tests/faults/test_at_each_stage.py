"""A launch is killed, interrupted or loses its terminal, at each stage on each runtime."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run
from tests.engines_here import need
from tests.faults.hook import ended

WITHIN = 5.0
SLACK = 1.0
"""How long Python takes to start on a busy host, on top of the promised seconds."""

NEVER = 'ready.console="a line that nothing prints"'
STAGES = {
    "fetched": ("before", "create"),
    "created": ("after", "create"),
    "running": ("after", "start"),
}
ENGINES = ["podman", "docker", "lxd", "libvirt"]


def _name(engine: str) -> str:
    return f"ended-{engine}-{os.urandom(3).hex()}"


def _shown(engine: str, name: str) -> bool:
    listed = abcd_run("ps", "--on", engine)
    assert listed.status == 0, listed.err
    return name in listed.out


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return a home with somebody's work, which no launch may lose."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (folder / "thesis").write_text("finished")
    yield folder
    assert (folder / "thesis").read_text() == "finished"


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("engine", ENGINES)
def test_killed(engine: str, stage: str, home: Path) -> None:
    """What is left is listed and can be removed; then name and home are free."""
    need(engine)
    name, (when, step) = _name(engine), STAGES[stage]
    words = ["--on", engine, "--name", name, "--set", NEVER, f"--home={home}"]
    killed = ended(*words, "abcd4demo", at=(engine, when, step), how=signal.SIGKILL)
    assert killed.status == -signal.SIGKILL, killed.err
    assert _shown(engine, name) == (stage != "fetched")
    pruned = abcd_run("--json", "prune", "--on", engine)
    assert pruned.status == 0, pruned.err
    assert (name in pruned.json["pruned"]) == (stage == "created")
    if stage == "running":
        assert abcd_run("stop", name).status == 0
    again = abcd_run(*words, "--no-wait", "abcd4demo")
    assert again.status == 0, again.err
    assert abcd_run("stop", name).status == 0
    assert not _shown(engine, name)


@pytest.mark.parametrize(
    "how", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.soak)]
)
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("engine", ENGINES)
def test_undone(engine: str, stage: str, how: signal.Signals, home: Path) -> None:
    """The launch is undone in time, and nothing is left."""
    need(engine)
    name, (when, step) = _name(engine), STAGES[stage]
    words = ["--on", engine, "--name", name, "--set", NEVER, f"--home={home}", "abcd4demo"]
    launch = ended(*words, at=(engine, when, step), how=how)
    assert launch.status == 130, launch.err
    assert launch.seconds < WITHIN + SLACK
    assert not _shown(engine, name)
