"""A cluster that changes under a launch: closed nodes, an API server that goes, a launch killed."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from abcd_run.testing.cli import Ended, abcd_run
from abcd_run.testing.waiting import until
from tests.cluster.test_says_no import ON, name, other, refused, told
from tests.contract.test_kubernetes import forwards
from tests.engines_here import need
from tests.faults.hook import ended
from tests.relay import Relay, place_of

__all__ = ["name", "other"]

OWNER = Path.home() / ".kube" / "owner"
"""The kubeconfig of a user who may close the tests' node, and nothing else."""

NEVER = 'ready.console="a line that nothing prints"'
STAGES = {
    "fetched": ("before", "create"),
    "created": ("after", "create"),
    "running": ("after", "start"),
}


@pytest.fixture(autouse=True)
def _cluster() -> None:
    need("kubernetes")


@contextmanager
def closed_node() -> Iterator[None]:
    """Cordon the one node during the block."""
    line = ["kubectl", "--kubeconfig", str(OWNER)]
    (node,) = subprocess.run(
        [*line, "get", "nodes", "--output", "name"], check=True, capture_output=True, text=True
    ).stdout.split()
    subprocess.run([*line, "cordon", node], check=True)
    try:
        yield
    finally:
        subprocess.run([*line, "uncordon", node], check=True)


def test_no_node_takes_new_pods(name: str) -> None:
    with closed_node():
        err = refused(name, "abcd4demo").err
    assert "unschedulable" in err
    assert "cluster's owner" in err
    assert "stop what you no longer need" not in err


def objects(kind: str, name: str) -> list[dict[str, object]]:
    """Return the object of a name, without the launch's kubeconfig; none if there is none."""
    line = ["kubectl", "get", kind, "--field-selector", f"metadata.name={name}", "--output", "json"]
    plain = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
    answer = subprocess.run(line, check=True, capture_output=True, env=plain).stdout
    items: list[dict[str, object]] = json.loads(answer)["items"]
    return items


def test_the_api_server_is_started_anew_during_a_launch(name: str, other: dict[str, Any]) -> None:
    """The launch goes on where it was: its pod has been started meanwhile."""
    cluster = other["clusters"][0]["cluster"]
    relay = Relay(place_of(cluster["server"]))
    relay.mend()
    cluster["server"] = f"https://127.0.0.1:{relay.port}"
    told(other)
    done: list[Ended] = []
    words = ["--json", *ON, "--name", name, "abcd4demo"]
    launch = Thread(target=lambda: done.append(abcd_run(*words)))
    launch.start()
    try:
        until(lambda: "ownerReferences" in str(objects("secrets", name)), within=30)
        relay.cut()
        until(lambda: "'running'" in str(objects("pods", name)), within=60)
        relay.mend()
        launch.join(60)
        (result,) = done
        assert result.status == 0, result.err
        assert result.json["instances"][0]["stage"] == "ready"
    finally:
        launch.join(120)
        assert abcd_run("stop", *ON, name).status == 0
        relay.cut()


@pytest.mark.parametrize("stage", STAGES)
def test_killed(name: str, stage: str) -> None:
    """What a killed launch left is listed and can be removed, with its forward."""
    others, (when, step) = forwards(), STAGES[stage]
    words = [*ON, "--name", name, "--set", NEVER, "abcd4demo"]
    killed = ended(*words, at=("kubernetes", when, step), how=signal.SIGKILL)
    assert killed.status == -signal.SIGKILL, killed.err
    assert bool(objects("secrets", name)) == (stage != "fetched")
    pruned = abcd_run("--json", "prune", *ON)
    assert pruned.status == 0, pruned.err
    assert (name in pruned.json["pruned"]) == (stage == "created")
    if stage == "running":
        assert len(forwards() - others) == 1
        assert abcd_run("stop", name).status == 0
    until(lambda: forwards() == others, within=10)
    assert objects("pods", name) == objects("secrets", name) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("stage", STAGES)
def test_undone(name: str, stage: str, how: signal.Signals) -> None:
    """A launch that is interrupted or loses its terminal leaves nothing."""
    others, (when, step) = forwards(), STAGES[stage]
    words = [*ON, "--name", name, "--set", NEVER, "abcd4demo"]
    launch = ended(*words, at=("kubernetes", when, step), how=how)
    assert launch.status == 130, launch.err
    until(lambda: forwards() == others, within=10)
