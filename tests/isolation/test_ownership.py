"""A container started by hand is not ours, whatever labels its image has."""

import subprocess
from collections.abc import Iterator

import pytest

from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.runtime import Runtime
from abcd_run.testing.cli import abcd_run, launch
from tests.engines_here import need

NAME = "made-by-hand"
IMAGE = "localhost/labelled-by-somebody:latest"


@pytest.fixture(params=["podman", "docker"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return an engine with a manual container of an image that has an instance's labels."""
    program: str = request.param
    need(program)
    (one,) = launch("--on", program, "--name", NAME, "abcd4demo")
    subprocess.run([program, "commit", NAME, IMAGE], check=True, capture_output=True)
    assert abcd_run("stop", one["name"]).status == 0
    subprocess.run(
        [program, "run", "--detach", "--name", NAME, IMAGE], check=True, capture_output=True
    )
    yield program
    subprocess.run([program, "rm", "--force", NAME], check=False, capture_output=True)
    subprocess.run([program, "rmi", IMAGE], check=False, capture_output=True)


def _known(runtime: Runtime) -> list[str]:
    listed = [*runtime.instances(), *runtime.instances(detail=False), *runtime.instances(NAME)]
    return [instance.name for instance in listed]


def test_it_is_neither_shown_nor_stopped(engine: str) -> None:
    with Fleet(Registry.installed()) as fleet:
        assert NAME not in _known(fleet.runtime(engine))
    assert abcd_run("stop", "--on", engine, NAME).status == 2
    state = subprocess.run(
        [engine, "inspect", "--format", "{{.State.Running}} {{.Config.Labels}}", NAME],
        check=True,
        capture_output=True,
        text=True,
    )
    assert state.stdout.startswith("true")
    assert "abcd-run.version" in state.stdout
