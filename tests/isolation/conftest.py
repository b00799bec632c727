"""One instance on each runtime, and another user who watches from before the launch."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from abcd_run.testing.cli import abcd_run, launch
from tests.engines_here import is_named, need
from tests.isolation.stranger import Running, Stranger

Document = dict[str, Any]
FOLDER = Path(__file__).parent
IMAGE = "abcd4demo"
RUNTIMES = [name for name in ("podman", "docker", "lxd", "libvirt") if is_named(name)]
BUILD_SECONDS = 280
MARK = f"isolation-{os.urandom(12).hex()}"
"""The value of a variable given to the launch: as secret as a password."""


@dataclass(frozen=True, slots=True)
class Lab:
    """The instances by runtime, the time before their launch, and the watcher.

    These TCP ports were `listened` on before the launch.
    """

    began: float
    listened: frozenset[int]
    instances: dict[str, Document]
    watch: Running

    def secrets(self) -> list[str]:
        """Return what nobody else may see."""
        return [MARK, *(one["password"] for one in self.instances.values())]


@dataclass(frozen=True, slots=True)
class Seen:
    """What another user saw in the process lists, from before the launch to its end."""

    arguments: list[str]
    environments: list[str]
    seconds_a_look: float


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the tests that end the shared instances to the end."""
    own = [place for place, item in enumerate(items) if FOLDER in item.path.parents]
    ordered = sorted(
        (items[place] for place in own),
        key=lambda item: "seen" in getattr(item, "fixturenames", ()),
    )
    for place, item in zip(own, ordered, strict=True):
        items[place] = item


@pytest.fixture(scope="session")
def stranger() -> Stranger:
    """Return another user of this host: tests/engines/run creates one if it runs as root."""
    other = Stranger()
    try:
        uid = other.uid()
    except OSError as error:
        why = f"there is no second user to test with, and only root can create one: {error}"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    assert uid not in {0, os.getuid()}
    assert other.run("id", "-u").out.split() == [str(uid)]
    assert "lxd" not in other.run("id", "-nG").out.split()
    return other


@pytest.fixture(scope="package")
def lab(stranger: Stranger) -> Iterator[Lab]:
    """Return the instances for all these tests, launched at once and stopped at the end."""
    need(*RUNTIMES)
    on = ("--on", ",".join(RUNTIMES))
    pulled = abcd_run("pull", "--quiet", *on, IMAGE, within=BUILD_SECONDS)
    assert pulled.status == 0, pulled.err
    began = time.time()
    listened = frozenset(json.loads(stranger.python("ports").out))
    with ExitStack() as stack:
        watch = stack.enter_context(stranger.watching())
        instances = launch(*on, "--env", f"ISOLATION_MARK={MARK}", IMAGE)
        stack.callback(abcd_run, "stop", *(one["name"] for one in instances))
        yield Lab(began, listened, {one["runtime"]: one for one in instances}, watch)


@pytest.fixture(scope="package")
def seen(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Run commands inside, take a picture and stop all; return what the stranger saw meanwhile."""
    picture = tmp_path_factory.mktemp("picture") / "screen.png"
    for one in lab.instances.values():
        ended = abcd_run("exec", one["name"], "--", "sleep", "0.5")
        assert ended.status == 0, ended.err
        assert abcd_run("ps", "--json").status == 0
    if machine := lab.instances.get("libvirt"):
        ended = abcd_run("screenshot", machine["name"], "-o", str(picture))
        assert ended.status == 0, ended.err
    stopped = abcd_run("stop", *(one["name"] for one in lab.instances.values()))
    assert stopped.status == 0, stopped.err
    # Everybody could see this: it proves that the watch works.
    subprocess.run(["sleep", "0.05000"], check=True)
    ended_watch = lab.watch.end()
    return Seen(**json.loads(ended_watch.out.partition("\n")[2]))


@pytest.fixture(params=RUNTIMES)
def instance(lab: Lab, request: pytest.FixtureRequest) -> Document:
    """Return the instance of each runtime in turn."""
    return lab.instances[request.param]
