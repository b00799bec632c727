"""Libvirt machines that do not answer, or that are listed from another environment."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from abcd_run.testing.cli import PROGRAM, abcd_run, launch
from abcd_run_libvirt import folder, processes
from tests.engines_here import need

Document = dict[str, Any]
SOON = 4.0
"""The seconds that `ps` allows a runtime."""


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Document, Document]]:
    need("libvirt")
    first, second = launch("--on", "libvirt", "--count", "2", "abcd4demo")
    yield first, second
    abcd_run("stop", first["name"], second["name"])


def _stages() -> dict[str, str]:
    shown = abcd_run("ps", "--on", "libvirt").out.splitlines()[1:]
    return {line.split()[0]: " ".join(line.split("  ")) for line in shown}


@pytest.mark.parametrize("variable", ["", "/run/user/0", "relative"])
def test_su_finds_the_machines_of_a_login(pair: tuple[Document, Document], variable: str) -> None:
    """su leaves the variable unset or set to another user's; the session's folder still exists."""
    environ = {key: value for key, value in os.environ.items() if key != "XDG_RUNTIME_DIR"}
    if variable:
        environ["XDG_RUNTIME_DIR"] = variable
    line = [PROGRAM, "ps", "--on", "libvirt"]
    shown = subprocess.run(line, env=environ, capture_output=True, text=True, check=True).stdout
    assert all(one["name"] in shown for one in pair)


def test_prune_leaves_the_folders_of_what_runs(pair: tuple[Document, Document]) -> None:
    alive = processes.running()
    assert all(one["runtime_id"] in alive for one in pair)
    assert abcd_run("prune", "--on", "libvirt").status == 0
    assert all(folder.of(one["runtime_id"]).seed.exists() for one in pair)


def test_one_that_is_stopped_hides_no_other_and_can_be_removed(
    pair: tuple[Document, Document],
) -> None:
    stuck, well = pair
    process = processes.running()[stuck["runtime_id"]]
    os.kill(process.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        stages = _stages()
        assert time.monotonic() - begun < SOON
        assert "not answering" in stages[stuck["name"]]
        assert "not answering" not in stages[well["name"]]
        for command in (["exec", stuck["name"], "--", "true"], ["screenshot", stuck["name"]]):
            refused = abcd_run(*command, within=20)
            assert refused.status == (125 if command[0] == "exec" else 5)
            assert f"kill -CONT {process.pid}" in refused.err
        assert abcd_run("prune", "--on", "libvirt").status == 0
        assert stuck["name"] in _stages()
        begun = time.monotonic()
        assert abcd_run("stop", stuck["name"], within=30).status == 0
        assert time.monotonic() - begun < 10
    finally:
        if (still := processes.running().get(stuck["runtime_id"])) is not None:
            os.kill(still.pid, signal.SIGCONT)
    stages = _stages()
    assert stuck["name"] not in stages
    assert well["name"] in stages
