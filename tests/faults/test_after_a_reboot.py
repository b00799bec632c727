"""A reboot: everything ends at once, and what was in memory is gone; no work is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run, http_status, launch
from tests.engines_here import need
from tests.faults import own

WRITE = ("sh", "-c", "cd; echo kept >thesis")
READ = ("sh", "-c", "cd; cat thesis")


@pytest.fixture(params=["podman", "docker"])
def engine(request: pytest.FixtureRequest) -> Iterator[own.Engine]:
    """Return an engine that nothing else uses."""
    need(request.param)
    apart = {"podman": lambda: own.podman(apart=True), "docker": own.docker}
    with apart[request.param]() as engine:
        yield engine


@pytest.mark.parametrize("kept", [False, True])
def test_what_ran_is_kept_and_comes_back(engine: own.Engine, tmp_path: Path, *, kept: bool) -> None:
    home = tmp_path / "home"
    words = [f"--home={home}"] if kept else []
    (instance,) = launch("--on", engine.runtime, *words, "abcd4demo")
    name = instance["name"]
    assert abcd_run("exec", name, "--", *WRITE).status == 0

    engine.reboot()

    (listed,) = abcd_run("ps", "--json", "--on", engine.runtime).json["instances"]
    assert (listed["name"], listed["stage"]) == (name, "created")
    pruned = abcd_run("--json", "prune", "--on", engine.runtime).json
    assert (pruned["pruned"], pruned["kept"]) == ([], [name])
    assert f"abcd-run start {name}" in abcd_run("open", name).err
    started = abcd_run("--json", "start", name)
    assert started.status == 0, started.err
    (again,) = started.json["instances"]
    url = next(one["url"] for one in again["endpoints"] if one["service"] == "web")
    assert http_status(url, user="abcd", password=instance["password"])[0] == 200
    assert abcd_run("exec", name, "--", *READ).out == "kept\n"
    assert abcd_run("stop", name).status == 0
    assert (home / "thesis").exists() == kept
