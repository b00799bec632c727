"""Ways to reach a pod: a forward, a port of its node, an ingress."""

from dataclasses import replace
from typing import Any

import pytest

from abcd_run.errors import LaunchFailed, UsageError
from abcd_run.launch import endpoints
from abcd_run.model import Service
from abcd_run.schema import Wrong
from abcd_run_kubernetes import beside, instances, reach, translate
from abcd_run_kubernetes.names import POD
from abcd_run_kubernetes.options import OPTIONS
from abcd_run_kubernetes.reach import Way
from abcd_run_kubernetes.runtime import KubernetesRuntime
from tests.restricted import violations
from tests.simulated_cluster import Simulated
from tests.unit.kubernetes.plans import IMAGE, PLAN

WEB = Service("web", 8080, "http", open=True)
DESK = Service("desk", 10000, "http", path="/a b")
SHELL = Service("ssh", 22, "ssh")
SERVED = replace(PLAN, services=(DESK, WEB, SHELL))
HOST = {"reach": "ingress", "ingress_host": "https://{name}.class.example:8443"}


def with_options(**options: Any) -> Any:
    return replace(SERVED, options=options)


def made(**options: Any) -> dict[str, Any]:
    plan = with_options(**options)
    return translate.pod(
        plan, IMAGE, ports=[8080, 22], pushed=True, version=(1, 20), way=reach.chosen(plan, {})
    )


def test_a_forward_needs_nothing_beside_it() -> None:
    assert list(beside.manifests(made())) == []
    assert "readinessProbe" not in made()["spec"]["containers"][0]


def test_a_port_of_the_node() -> None:
    plan = replace(with_options(reach="nodeport"), ports={8080: 31080})
    way = reach.chosen(plan, {"node": "cluster.example"})
    pod = translate.pod(plan, IMAGE, ports=[8080, 22], pushed=True, version=(1, 20), way=way)
    assert (violations(pod), reach.of(pod)) == ([], way)
    ((kind, service),) = beside.manifests(pod)
    assert (kind, service["spec"]["type"]) == ("services", "NodePort")
    assert [one.get("nodePort") for one in service["spec"]["ports"]] == [31080, None]
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    probe = pod["spec"]["containers"][0]["readinessProbe"]
    assert probe["tcpSocket"] == {"port": 8080}


def test_an_ingress() -> None:
    pod = made(**HOST, ingress_class="nginx")
    (_, service), (kind, ingress) = beside.manifests(pod)
    assert (kind, ingress["apiVersion"]) == ("ingresses", "networking.k8s.io/v1")
    assert service["spec"]["type"] == "ClusterIP"
    hosts = ["demo-kubernetes-1-desk.class.example", "demo-kubernetes-1.class.example"]
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == hosts
    assert ingress["spec"]["tls"] == [{"hosts": hosts}]
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert [one.url for one in reach.of(pod).endpoints()] == [
        f"https://{hosts[0]}:8443/a%20b", f"https://{hosts[1]}:8443/",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "usual", "says"),
    [
        (with_options(reach="ingress"), {}, "pattern"),
        (SERVED, {"reach": "teleport"}, "no way to reach"),
        (replace(with_options(**HOST), ports={8080: 1}), {}, "--publish"),
        (replace(with_options(**HOST), services=(SHELL,)), {}, "no web page"),
        (replace(with_options(reach="nodeport"), address="0.0.0.0"), {}, "--address"),
    ],
)
def test_what_cannot_be(plan: Any, usual: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        reach.chosen(plan, usual)
    assert caught.value.remedy


@pytest.mark.parametrize("pattern", ["x.example", "{name}.a/b", "{name} x", "http://{name}.x\n"])
def test_hosts_are_a_pattern_and_nothing_else(pattern: str) -> None:
    with pytest.raises(Wrong):
        OPTIONS["ingress_host"].rule.read(pattern)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"by":"x"}', '{"by":"ingress","pages":[{"host":1}]}', '{"by":1,"z":2}',
     '{"by":"nodeport","node":"a/b@c"}', "[" * 5000],
)  # fmt: skip
def test_what_a_pod_says_is_not_trusted(text: str) -> None:
    pod = {"metadata": {"annotations": {"kubernetes.abcd-run/reach": text}}}
    assert reach.of(pod) == Way()


def test_a_life_at_a_node(cluster: Simulated) -> None:
    """Made, shown, restarted under the same ports, and gone with all that belongs to it."""
    plan = with_options(reach="nodeport")
    with KubernetesRuntime() as connected:
        connected.create(plan, IMAGE)
        started = connected.start(plan.name)
        address, port = started.ports[8080]
        assert address == "192.0.2.1"
        assert [one.url for one in endpoints.endpoints(started)][1] == f"http://192.0.2.1:{port}/"
        assert connected.instances() == connected.instances(plan.name) == [started]
        first = cluster.kept("pods")[plan.name]["metadata"]["uid"]
        assert connected.restart(plan.name).ports == started.ports
        (owner,) = cluster.kept("services")[plan.name]["metadata"]["ownerReferences"]
        assert owner["uid"] == cluster.kept("pods")[plan.name]["metadata"]["uid"] != first
        connected.remove(plan.name)
    assert [kept for kept in cluster.objects.values() if kept] == []


def test_a_life_behind_an_ingress(cluster: Simulated) -> None:
    plan = with_options(**HOST)
    with KubernetesRuntime() as connected:
        connected.create(plan, IMAGE)
        started = connected.start(plan.name)
        assert started.ports == {}
        assert [one.service for one in endpoints.endpoints(started)] == ["desk", "web"]
        assert set(cluster.kept("ingresses")) == {plan.name}
        cluster.kept("pods").clear()  # as after a kill in the middle of a restart
        connected.remove(plan.name)
    assert [kept for kept in cluster.objects.values() if kept] == []


def test_anothers_service_is_left_alone(cluster: Simulated) -> None:
    plan = with_options(reach="nodeport")
    cluster.create("services", {"metadata": {"name": plan.name}, "spec": {"ports": []}})
    with KubernetesRuntime() as connected:
        connected.create(plan, IMAGE)
        with pytest.raises(LaunchFailed, match="another of services"):
            connected.start(plan.name)
        connected.remove(plan.name)
    assert set(cluster.kept("services")) == {plan.name}
    assert "ownerReferences" not in cluster.kept("services")[plan.name]["metadata"]


def test_dry_run_prints_them(cluster: Simulated) -> None:
    from abcd_run.model import Artifact, Format

    plan = with_options(**HOST)
    with KubernetesRuntime() as connected:
        artifact = Artifact(Format.OCI, IMAGE, reference=IMAGE)
        text = connected.native(plan, artifact)
    for kind in ("Secret", "Pod", "Service", "Ingress"):
        assert f"kind: {kind}\n" in text


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"metadata": 5}', '{"metadata": {"name": ""}}', "[" * 9999],
)
def test_a_secret_that_others_changed_belongs_to_no_pod(text: str) -> None:
    assert instances.kept_pod({"metadata": {"annotations": {POD: text}}}) is None
