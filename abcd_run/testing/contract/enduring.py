"""Instances that restart, stand still, end by themselves and come back."""

import pytest

from abcd_run.model import SUSPENDED
from abcd_run.runtime import Restarts, Runtime, Suspends
from abcd_run.testing.cli import abcd_run
from abcd_run.testing.contract.basis import DIE, Basis, Document
from abcd_run.testing.waiting import until

ENDS_WITHIN = 60.0
OWN_FAILURE = 125
"""The exit status of `exec` when it could not run the command."""
WRITE = ("sh", "-c", "cd; echo kept >thesis")
READ = ("sh", "-c", "cd; cat thesis")


class Enduring(Basis):
    """Instances that restart, stand still, end by themselves and come back."""

    def test_restart(self, connected: Runtime) -> None:
        """A restarted instance is ready again, with the files that the runtime keeps."""
        if not isinstance(connected, Restarts):
            pytest.skip(f"{self.runtime} cannot restart its instances")
        with self.launched() as instance:
            self._write(instance)
            ended = abcd_run("--json", "restart", instance["name"])
            assert ended.status == 0, ended.err
            if self.by_hand:
                ended = abcd_run("--json", "wait", instance["name"])
            (again,) = ended.json["instances"]
            assert (again["stage"], again["password"]) == ("ready", instance["password"])
            assert self.works(again)
            self._check_files(again)

    def test_suspend_and_resume(self, connected: Runtime) -> None:
        """A suspended instance says so, runs no command, and goes on where it was."""
        if not isinstance(connected, Suspends):
            pytest.skip(f"{self.runtime} cannot suspend its instances")
        with self.launched() as instance:
            name = instance["name"]
            ended = abcd_run("suspend", name)
            if ended.status:
                assert "→" in ended.err
                pytest.skip(f"this host does not let it: {ended.err}")
            assert [one.state for one in connected.instances(name)] == [SUSPENDED]
            assert f"{name} is suspended" in ended.out
            refused = abcd_run("exec", name, "--", "id")
            assert (refused.status, f"abcd-run resume {name}" in refused.err) == (OWN_FAILURE, True)
            assert name not in abcd_run("prune", "--ended", "--on", self.runtime).out
            assert abcd_run("resume", name).status == 0
            assert self.works(instance)

    @pytest.mark.usefixtures("system")
    def test_what_has_ended_comes_back(self, connected: Runtime) -> None:
        """What ended by itself is kept by `prune`, and `start` brings it back with its files."""
        with self.launched() as instance:
            name = instance["name"]
            self._write(instance)
            who = ("--user", self.root) if self.root else ()
            assert abcd_run("exec", *who, name, "--", *DIE).status != OWN_FAILURE
            until(lambda: not self._runs(connected, name), within=ENDS_WITHIN)
            if not connected.instances(name):
                assert not self.keeps_files
                return
            refused = abcd_run("exec", name, "--", "id")
            assert (refused.status, f"abcd-run start {name}" in refused.err) == (OWN_FAILURE, True)
            pruned = abcd_run("--json", "prune", "--on", self.runtime)
            assert name in pruned.json["kept"]
            ended = abcd_run("--json", "start", name)
            assert ended.status == 0, ended.err
            (again,) = ended.json["instances"]
            assert self.works(again)
            self._check_files(again)

    def _runs(self, connected: Runtime, name: str) -> bool:
        return any(one.running for one in connected.instances(name))

    def _write(self, instance: Document) -> None:
        if self.keeps_files:
            self.inside(instance, *WRITE)

    def _check_files(self, instance: Document) -> None:
        if self.keeps_files:
            assert self.inside(instance, *READ) == "kept\n"
