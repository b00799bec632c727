"""What `doctor` says of a cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from abcd_run.errors import LaunchFailed
from abcd_run.runtime import Probe
from abcd_run_kubernetes import kubeconfig, rights
from abcd_run_kubernetes.service import Api
from tests.unit.kubernetes.cluster import Cluster, running

ALL = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
READS = {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["pods", "secrets"]}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    with running() as cluster:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path)))
        version = {"major": "1", "minor": "20+", "gitVersion": "v1.20.2"}
        cluster.answers["/version"] = [(200, version)]
        yield cluster


def probed(cluster: Cluster, rules: list[Any], **status: Any) -> Probe:
    path = f"{rights.REVIEWS}selfsubjectrulesreviews"
    cluster.answers[path] = [(201, {"status": {"resourceRules": rules, **status}})]
    api = Api(kubeconfig.place())
    try:
        return rights.probe(api)
    finally:
        api.close()


def test_all_is_well(cluster: Cluster) -> None:
    hard = {"status": {"hard": {"pods": "30"}, "used": {"pods": "2"}}}
    quotas = "/api/v1/namespaces/class/resourcequotas"
    cluster.answers[quotas] = [(200, {"items": [hard]})]
    cluster.answers["/api/v1/nodes"] = [(403, {"message": "forbidden"})]
    probe = probed(cluster, [ALL])
    assert (probe.version, probe.problem) == ("v1.20.2", None)
    assert probe.advice == ("context here, namespace class", "quota: pods 2 of 30")
    assert len(cluster.asked) == 4


def test_a_right_that_is_needed(cluster: Cluster) -> None:
    problem = probed(cluster, [READS]).problem
    assert problem is not None
    assert "create pods, delete pods, create secrets" in problem.message
    assert "kubernetes-role.yml" in problem.remedy


def test_a_right_to_one_object_is_none_to_all(cluster: Cluster) -> None:
    assert probed(cluster, [{**ALL, "resourceNames": ["one"]}]).problem is not None


def test_a_server_that_cannot_list_rights_is_asked_for_each(cluster: Cluster) -> None:
    path = f"{rights.REVIEWS}selfsubjectaccessreviews"
    yes, no = ((201, {"status": {"allowed": allowed}}) for allowed in (True, False))
    count = len(rights.NEEDED)
    cluster.answers[path] = [yes] * count + [no] * len(rights.USEFUL)
    probe = probed(cluster, [], incomplete=True)
    assert probe.problem is None
    assert "you may not watch pods, get pods/log" in probe.advice[1]


def test_a_server_that_is_too_old(cluster: Cluster) -> None:
    cluster.answers["/version"] = [(200, {"major": "1", "minor": "19", "gitVersion": "v1.19.1"})]
    problem = probed(cluster, [ALL]).problem
    assert problem is not None
    assert "too old" in problem.message


def test_rights_for_ways_to_reach_are_asked_only_where_used(cluster: Cluster) -> None:
    some = {"verbs": ["*"], "apiGroups": [""], "resources": ["*"]}
    assert probed(cluster, [some]).problem is None
    path = f"{rights.REVIEWS}selfsubjectrulesreviews"
    cluster.answers[path] = [(201, {"status": {"resourceRules": [some]}})] * 2
    api = Api(kubeconfig.place())
    rights.prove(api, "forward")
    rights.prove(api, "nodeport")
    with pytest.raises(LaunchFailed, match="create ingresses, get ingresses"):
        rights.prove(api, "ingress")
    api.close()


def test_doctor_asks_for_the_way_of_the_kubeconfig(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = [{"name": "abcd-run", "extension": {"reach": "nodeport"}}]
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path, extensions=usual)))
    pods = {**ALL, "resources": ["pods", "secrets"]}
    problem = probed(cluster, [pods]).problem
    assert problem is not None
    assert "create services, get services" in problem.message


def test_the_role_in_the_docs_has_every_right_and_no_other() -> None:
    import yaml

    text = (Path(__file__).parents[3] / "docs/kubernetes-role.yml").read_text()
    given, reaching = (
        {
            (verb, kind)
            for rule in role["rules"]
            for verb in rule["verbs"]
            for kind in rule["resources"]
        }
        for role in yaml.safe_load_all(text)
    )
    # Newer servers want to be told that a websocket, which is read, does something.
    assert given == {
        *rights.NEEDED, *rights.USEFUL, ("get", "pods/exec"), ("create", "pods/portforward")
    }  # fmt: skip
    assert reaching == {one for way in rights.REACHING.values() for one in way}
