"""Many pods at once: a watch in place of looks, and one question for all of them."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from abcd_run.errors import LaunchFailed, NoRuntime
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.testing.waiting import until
from abcd_run_kubernetes import pods, reasons, service
from abcd_run_kubernetes.runtime import KubernetesRuntime
from tests.simulated_cluster import Simulated
from tests.unit.kubernetes.plans import IMAGE, PLAN

MANY = 24
PLANS = [
    replace(PLAN, name=f"demo-kubernetes-{at}", options={"reach": "nodeport"})
    for at in range(1, MANY + 1)
]


@pytest.fixture
def connected(cluster: Simulated) -> Iterator[KubernetesRuntime]:
    with KubernetesRuntime() as connected:
        for plan in PLANS:
            connected.create(plan, IMAGE)
        cluster.counts.clear()
        yield connected


def are_made(cluster: Simulated) -> bool:
    counts = cluster.counts
    return counts["create services"] == MANY and counts["watch pods"] > 0


def test_many_are_watched(cluster: Simulated, connected: KubernetesRuntime) -> None:
    """Each is asked about once before it is made; what becomes of it, the watch says."""
    cluster.runs = False
    with ThreadPoolExecutor(MANY) as threads:
        starting = [threads.submit(connected.start, plan.name) for plan in PLANS]
        until(lambda: are_made(cluster))
        before = cluster.counts["get pods"]
        for pod in list(cluster.kept("pods").values()):
            cluster.run(pod)
        started = [one.result(timeout=10) for one in starting]
    assert all(one.running and one.ports for one in started)
    assert (cluster.counts["watch pods"], cluster.counts["list pods"]) == (1, 1)
    assert cluster.counts["get pods"] - before < MANY


def test_few_are_not(cluster: Simulated, connected: KubernetesRuntime) -> None:
    with ThreadPoolExecutor(pods.FEW) as threads:
        list(threads.map(connected.start, [one.name for one in PLANS[: pods.FEW]]))
    assert cluster.counts["watch pods"] == 0


def test_a_watch_says_what_goes_wrong(cluster: Simulated, connected: KubernetesRuntime) -> None:
    """A pod that was deleted meanwhile, and one that no node takes."""
    cluster.runs = False
    with ThreadPoolExecutor(MANY) as threads:
        starting = [threads.submit(connected.start, plan.name) for plan in PLANS]
        until(lambda: are_made(cluster))
        cluster.delete("pods", PLANS[0].name)
        refused = cluster.kept("pods")[PLANS[1].name]
        refused["status"] = {
            "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                 "message": "0/1 nodes are available: 1 Insufficient memory."}
            ]
        }  # fmt: skip
        cluster.tell("MODIFIED", refused)
        with pytest.raises(LaunchFailed, match="is gone"):
            starting[0].result(timeout=10)
        with pytest.raises(LaunchFailed, match="Insufficient memory"):
            starting[1].result(timeout=10)
        for pod in list(cluster.kept("pods").values()):
            cluster.run(pod)


def test_a_watch_that_breaks_is_not_missed(
    cluster: Simulated, connected: KubernetesRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Iterator[bytes]:
        yield b"no JSON\n"

    monkeypatch.setattr(connected.api, "lines", broken)
    with ThreadPoolExecutor(MANY) as threads:
        started = list(threads.map(connected.start, [one.name for one in PLANS]))
    assert all(one.running for one in started)


def test_a_busy_server_is_obeyed(cluster: Simulated, connected: KubernetesRuntime) -> None:
    cluster.busy = 3
    assert connected.start(PLANS[0].name).running


def test_one_question_for_any_number(cluster: Simulated, connected: KubernetesRuntime) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(connected.start, [one.name for one in PLANS]))
    cluster.counts.clear()
    assert len(connected.instances()) == MANY
    assert cluster.counts["requests"] == 3  # pods, Secrets, Services
    cluster.counts.clear()
    with Fleet(Registry.installed()) as fleet:
        known = fleet.several([one.name for one in PLANS], ("kubernetes",))
    assert (len(known), cluster.counts["requests"]) == (MANY, 3)


def test_the_end_of_many(cluster: Simulated, connected: KubernetesRuntime) -> None:
    with ThreadPoolExecutor(MANY) as threads:
        list(threads.map(connected.start, [one.name for one in PLANS]))
        list(threads.map(connected.remove, [one.name for one in PLANS]))
    assert [kept for kept in cluster.objects.values() if kept] == []


def test_a_server_that_is_away_for_a_while(
    cluster: Simulated, connected: KubernetesRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A launch goes on once it is back; if it stays away, that is said."""
    monkeypatch.setattr(service, "LOOK_SECONDS", 0.01)
    cluster.runs = False
    with ThreadPoolExecutor(2) as threads:
        start = threads.submit(connected.start, PLANS[0].name)
        until(lambda: cluster.counts["get pods"] > 1)  # it has been made, and is looked at
        cluster.away = True
        cluster.run(cluster.kept("pods")[PLANS[0].name])
        until(lambda: cluster.counts["unanswered"] > 2)
        cluster.away = False
        assert start.result(timeout=10).running
        monkeypatch.setattr(service, "AWAY_SECONDS", 0.05)
        cluster.counts.clear()
        start = threads.submit(connected.start, PLANS[1].name)
        until(lambda: cluster.counts["get pods"] > 1)
        cluster.away = True
        with pytest.raises(NoRuntime, match="cannot be reached"):
            start.result(timeout=10)


def test_what_a_server_never_saw_is_sent_again(
    cluster: Simulated, connected: KubernetesRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each stage of a launch, and at its end; who was never answered is told at once.

    A real server that is back says first that nobody may do anything.
    """
    monkeypatch.setattr(service, "LOOK_SECONDS", 0.01)
    sent, refused = httpx2.Client.stream, Counter[str]()

    def stream(client: httpx2.Client, method: str, *words: Any, **how: Any) -> Any:
        refused[method] += 1
        if refused[method] % 4 in {1, 2}:
            raise httpx2.ConnectError("Connection refused")
        if refused[method] % 4 == 3:
            return nullcontext(httpx2.Response(403, json={"message": "forbidden"}))
        return sent(client, method, *words, **how)

    monkeypatch.setattr(httpx2.Client, "stream", stream)
    connected.start(PLANS[0].name)
    connected.remove(PLANS[0].name)
    assert all(refused[method] > 1 for method in ("GET", "POST", "PATCH", "DELETE"))
    assert PLANS[0].name not in cluster.kept("pods")
    with KubernetesRuntime() as new:
        refused.clear()
        assert new.probe().problem
        assert refused == {"GET": 1}


def test_nodes_that_take_nothing() -> None:
    said = {
        "0/1 nodes are available: 1 node(s) were unschedulable.": reasons.TO_OWNER,
        "0/1 nodes are available: 1 node(s) had taint {a: b}, that the pod didn't tolerate.":
            reasons.TO_OWNER,
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.":
            reasons.TO_STOP,
    }  # fmt: skip
    for words, remedy in said.items():
        condition = {
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words,
        }  # fmt: skip
        problem = reasons.of_pod({"status": {"conditions": [condition]}}, "demo")
        assert problem is not None
        assert problem.remedy == remedy
