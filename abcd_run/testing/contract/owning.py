"""Ownership: names, other people's objects, and removed instances."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from abcd_run.runtime import Runtime
from abcd_run.testing.cli import abcd_run, launch
from abcd_run.testing.contract.basis import Basis, Document
from abcd_run.testing.contract.watching import Watch

TRIES = 4
"""How often a taken name is requested."""


class Owning(Basis):
    """Ownership: names, other people's objects, and removed instances."""

    def test_taken_name_is_refused_always(self, instance: Document, connected: Runtime) -> None:
        """On every try, even with two at once; its owner keeps running."""
        line = ("--no-wait", "--on", self.runtime, "--name", instance["name"], self.image)
        with ThreadPoolExecutor(2) as askers:
            ended = list(askers.map(lambda _: abcd_run(*line), range(TRIES)))
        assert {one.status for one in ended} == {5}
        (one,) = connected.instances(instance["name"])
        assert one.password == instance["password"]

    def test_free_name_is_given_always(self) -> None:
        """A name is free again once its instance is gone."""
        name = self.name()
        for _ in range(TRIES // 2):
            (one,) = launch("--no-wait", "--on", self.runtime, "--name", name, self.image)
            assert one["name"] == name
            assert abcd_run("stop", name).status == 0

    def test_removing_what_is_gone(self, connected: Runtime) -> None:
        """`remove` then does nothing and raises nothing."""
        name = self.name()
        (one,) = launch("--no-wait", "--on", self.runtime, "--name", name, self.image)
        assert abcd_run("stop", name).status == 0
        connected.remove(one["runtime_id"])

    def test_others_objects_are_not_ours(self, instance: Document, connected: Runtime) -> None:
        """An object made with the engine's own command is neither shown nor removed."""
        if not self.foreign:
            pytest.skip(f"{self.runtime} does not say how to create an object by hand")
        name = self.name()
        self._by_hand(self.foreign, name)
        try:
            listed = {one.name for one in connected.instances()}
            assert instance["name"] in listed
            listed |= {one.name for one in connected.instances(detail=False)}
            assert name not in listed | {one.name for one in connected.instances(name)}
            assert abcd_run("stop", "--on", self.runtime, name).status == 2
            assert abcd_run("prune", "--on", self.runtime).status == 0
        finally:
            self._by_hand(self.foreign_gone, name)  # which fails where it was removed

    def _by_hand(self, script: str, name: str) -> None:
        ended = subprocess.run(
            ["sh", "-euc", f"NAME={name}; {script}"], check=False, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr

    def test_password_is_in_no_argument_list_ever(self, tmp_path: Path) -> None:
        """Not even in those of short-lived commands."""
        secret, name = f"secret-{self.name()}", self.name()
        (tmp_path / "password").write_text(secret)
        given = ("--password-file", str(tmp_path / "password"))
        with Watch(secret) as watch:
            (one,) = launch("--on", self.runtime, "--name", name, *given, self.image)
            try:
                assert one["password"] == secret
                if not self.no_system:
                    self.inside(one, "true")
                for line in (["ps"], ["show", name], ["logs", name]):
                    assert abcd_run(*line).status == 0
                abcd_run("screenshot", name, "-o", str(tmp_path / "screen.png"))
            finally:
                assert abcd_run("stop", name).status == 0
        assert watch.seen == set()
