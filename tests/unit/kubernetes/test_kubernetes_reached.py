"""Who asks for one instance gets a forward to it, or soon."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from abcd_run.errors import LaunchFailed
from abcd_run.model import Stage
from abcd_run_kubernetes import folder, forwards, runtime, translate
from abcd_run_kubernetes.folder import Folder
from abcd_run_kubernetes.runtime import KubernetesRuntime
from tests.unit.kubernetes.cluster import Cluster, running
from tests.unit.kubernetes.plans import PLAN, pod


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.setenv("ABCD_RUN_CACHE", str(tmp_path / "cache"))
    with running() as cluster:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path)))
        state: dict[str, Any] = {"running": {}}
        there: dict[str, Any] = json.loads(json.dumps(pod()))
        there["metadata"]["uid"] = uid = f"7-{os.urandom(8).hex()}"
        there["status"] = {"phase": "Running", "containerStatuses": [{"state": state}]}
        cluster.pods[there["metadata"]["name"]] = there
        yield cluster
        forwards.end(folder.of(uid))


def test_a_forward_that_is_late_is_waited_for_later(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(there: Folder) -> None:
        raise LaunchFailed("its port is taken")

    monkeypatch.setattr(forwards, "start", slow)
    monkeypatch.setattr(runtime, "REACH_SECONDS", 5)
    with KubernetesRuntime() as connected:
        (one,) = connected.instances(PLAN.name)
        assert (one.stage, dict(one.ports)) == (Stage.RUNNING, {})
        (brief,) = connected.instances(PLAN.name, detail=False)
        assert brief.stage is None
        assert connected.instances("nothing") == []


def test_a_forward_in_time(cluster: Cluster) -> None:
    with KubernetesRuntime() as connected:
        until_it_is = [connected.instances(PLAN.name)[0] for _ in range(3)][-1]
        assert set(until_it_is.ports) == {8080, 22}
        assert until_it_is.stage is None
        cluster.gone.set()


def test_an_object_that_is_a_copy_is_not_ours(cluster: Cluster) -> None:
    copy = cluster.pods.pop(PLAN.name)
    copy["metadata"]["name"] = "other"
    cluster.pods["other"] = copy
    with KubernetesRuntime() as connected:
        assert connected.instances("other") == []


def test_the_secret_remembers_its_pod() -> None:
    from abcd_run_kubernetes import starting

    kept = starting.keeping(translate.secret(PLAN), pod())
    assert json.loads(kept["metadata"]["annotations"]["kubernetes.abcd-run/pod"]) == pod()
