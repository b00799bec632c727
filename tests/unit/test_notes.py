"""Notes: what a launch says beside its result, and how often."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.runtime import Probe
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine

Run = Callable[..., Ended]


def test_what_the_host_cannot_do_is_said_once_a_day_and_by_doctor(
    engine: FakeEngine, web: Path, home: Path, run: Run
) -> None:
    says = "memory limits are not enforced"
    engine.probed = Probe(version="5.6", notes=(says,))
    assert says not in run("-q", "web").err
    assert f"abcd-run: note: fake: {says}" in run("web").err
    assert says not in run("web").err
    assert says in run("doctor").out
    assert says in run("--dry-run", "web").err
    (stamp,) = (home / ".cache/abcd-run/said").iterdir()
    for seconds in (-90_000, 90_000):  # yesterday, and by a clock that was wrong
        os.utime(stamp, times=(time.time() + seconds,) * 2)
        assert says in run("web").err
    engine.probed = Probe(version="5.6", notes=("another",))
    assert "another" in run("web").err
    assert len([*stamp.parent.iterdir()]) == 2
    os.utime(stamp, (0, 0))
    engine.probed = Probe(version="5.6", notes=("a third",))
    assert "a third" in run("web").err
    assert not stamp.exists()


def test_what_the_host_cannot_do_is_said_where_nothing_can_be_kept(
    engine: FakeEngine, web: Path, home: Path, run: Run
) -> None:
    engine.probed = Probe(version="5.6", notes=("no limits",))
    (home / ".cache/abcd-run").mkdir(parents=True)
    (home / ".cache/abcd-run/said").touch()
    for _ in range(2):
        assert "no limits" in run("web").err


@pytest.mark.parametrize(
    ("publish", "says"),
    [
        ("8099", "port inside is published on a free port of this host; to choose"),
        ("8099=18099", "port inside is published on port 18099 of this host; to choose"),
        ("web", ""),
        ("8080", ""),
        ("22=2222", ""),
    ],
)
def test_a_port_that_no_service_has_is_explained(
    publish: str, says: str, engine: FakeEngine, web: Path, run: Run
) -> None:
    ended = run("--dry-run", "--publish", publish, "web")
    assert ended.status == 0
    assert ("has no service at port" in ended.err) == bool(says)
    assert says in ended.err
    assert "note" not in run("--dry-run", "--publish", "8099", "registry.example/x:1").err
