"""How instances end: stopped, interrupted, late, killed, by themselves."""

import re
import signal
from pathlib import Path

import pytest

from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Runtime, Screenshots
from abcd_run.testing.cli import abcd_run, http_status, interrupted, launch
from abcd_run.testing.contract.basis import (
    NEVER,
    Basis,
)


class Ending(Basis):
    """How instances end: stopped, interrupted, late, killed, by themselves."""

    def test_stop_leaves_nothing(self, fleet: Fleet) -> None:
        """After `stop` the instance is gone, and a second `stop` says so."""
        name = self.name()
        (instance,) = launch("--on", self.runtime, "--name", name, self.image)
        ended = abcd_run("--json", "stop", name)
        assert (ended.status, ended.json) == (0, {"stopped": [name], "errors": []})
        assert fleet.runtime(self.runtime).instances(instance["runtime_id"]) == []
        assert abcd_run("stop", name).status == 2
        with pytest.raises(OSError, match="refused"):
            http_status(self.url(instance))

    @pytest.mark.parametrize("stage", ["planned", "fetched", "created", "running"])
    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
    def test_interrupted(self, stage: str, how: signal.Signals) -> None:
        """A signal at any stage ends in 130 with nothing left, which `nothing_left` checks."""
        if stage == "running":
            self.skip_if(self.by_hand)
        name = self.name()
        arguments = ("--on", self.runtime, "--name", name, "--set", NEVER, self.image)
        ended, lines = interrupted(*arguments, at=stage, how=how)
        assert any(line.rstrip().endswith(stage) for line in lines), lines
        assert ended.status == 130, ended.err
        if self.undoes_slowly and "may be left" in ended.err:
            assert f"abcd-run stop {name}" in ended.err
            stopped = abcd_run("stop", name)
            assert stopped.status == 0 or "no instance" in stopped.err, stopped.err

    def test_late_is_left_running(self, connected: Runtime) -> None:
        """A late instance is reported with its last stage, and `wait` can wait for it."""
        self.skip_if(self.by_hand)
        name = self.name()
        ended = abcd_run(
            "--json", "--on", self.runtime, "--name", name,
            "--timeout", "0.5", "--set", NEVER, self.image,
        )  # fmt: skip
        try:
            assert ended.status == 6
            assert ended.json["errors"][0]["code"] == 6
            assert "running" in ended.json["errors"][0]["message"]
            assert f"abcd-run wait {name}" in ended.err
            assert [one["stage"] for one in ended.json["instances"]] == ["running"]
            if isinstance(connected, Screenshots):
                screen = re.search(r"its screen: (.*)", ended.err)
                assert screen
                assert Path(screen[1]).read_bytes().startswith(b"\x89PNG")
            assert abcd_run("wait", "--timeout", "0.5", name).status == 6
        finally:
            assert abcd_run("stop", name).status == 0

    def test_killed_launch_is_seen_and_stopped(self) -> None:
        """After `kill -9` during a launch, `ps` shows what is left and `stop` removes it."""
        name = self.name()
        arguments = ("--on", self.runtime, "--name", name, "--set", NEVER, self.image)
        interrupted(*arguments, at="running", how=signal.SIGKILL)
        assert name in abcd_run("ps", "--on", self.runtime).out
        assert abcd_run("stop", name).status == 0

    def test_prune_removes_what_never_started(self, connected: Runtime) -> None:
        """An instance that was created but never started is pruned; a running one is not."""
        name = self.name()
        arguments = ("--on", self.runtime, "--name", name, self.image)
        interrupted(*arguments, at="created", how=signal.SIGKILL)
        ended = abcd_run("--json", "prune", "--on", self.runtime)
        assert ended.status == 0, ended.err
        if name in ended.json["pruned"]:
            assert connected.instances(name) == []
        else:  # the engine was asked to start it before the signal came
            assert abcd_run("stop", name).status == 0
