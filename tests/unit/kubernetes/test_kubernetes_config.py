"""Kubeconfigs, as kubectl reads them; and how patient the client is."""

import json
from contextlib import closing
from pathlib import Path

import pytest

import abcd_run_kubernetes
from abcd_run.errors import NoRuntime
from abcd_run_kubernetes import kubeconfig, rights
from abcd_run_kubernetes.errors import Status
from abcd_run_kubernetes.service import Api
from tests.unit.kubernetes.cluster import Cluster, running

NOBODY = "http://127.0.0.1:9"
"""Where no proxy is."""

REGISTRY = [{"name": "abcd-run", "extension": {"registry": "registry.example/class"}}]


def test_the_context_names_the_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Cluster() as cluster:
        path = cluster.kubeconfig(tmp_path, extensions=[{"name": "other"}, *REGISTRY])
    monkeypatch.setenv("KUBECONFIG", str(path))
    place = kubeconfig.place()
    assert (place.context, place.namespace) == ("here", "class")
    assert place.registry == "registry.example/class"


def test_files_are_merged_the_first_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Cluster() as cluster:
        path = cluster.kubeconfig(tmp_path)
    first = tmp_path / "first"
    context = {"cluster": "c", "user": "u", "namespace": "mine"}
    contexts = [{"name": "own", "context": context}]
    first.write_text(json.dumps({"current-context": "own", "contexts": contexts}))
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'nothing'}:{path}")
    place = kubeconfig.place()
    assert (place.context, place.namespace) == ("own", "mine")
    assert place.server.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_leads_to_a_cluster_on_this_host(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as cluster:
        cluster.answers["/version"] = [(200, {"major": "1"})]
        path = cluster.kubeconfig(tmp_path)
        path.write_text(path.read_text().replace("127.0.0.1", host))
        monkeypatch.setenv("KUBECONFIG", str(path))
        monkeypatch.setenv("http_proxy", NOBODY)
        with closing(Api(kubeconfig.place())) as api:
            assert api.get("/version") == {"major": "1"}


def test_a_proxy_leads_to_other_clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This one's name is known to nobody else."""
    with running() as proxy:
        proxy.answers["/version"] = [(200, {"major": "1"})]
        path = proxy.kubeconfig(tmp_path)
        document = json.loads(path.read_text())
        there = document["clusters"][0]["cluster"]
        monkeypatch.setenv("http_proxy", there["server"])
        there["server"] = "http://cluster.invalid"
        path.write_text(json.dumps(document))
        monkeypatch.setenv("KUBECONFIG", str(path))
        with closing(Api(kubeconfig.place())) as api:
            assert api.get("/version") == {"major": "1"}


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Cluster() as cluster:
        path = cluster.kubeconfig(tmp_path)
    document = json.loads(path.read_text())
    document["users"][0]["user"] = {"client-certificate": "keys/me.crt"}
    path.write_text(json.dumps(document))
    monkeypatch.setenv("KUBECONFIG", str(path))
    user = kubeconfig.place().config.user
    assert user is not None
    assert user.client_cert == str(tmp_path / "keys/me.crt")


def test_a_plug_in_of_the_newest_interface_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as cluster:
        path = cluster.kubeconfig(tmp_path)
        document = json.loads(path.read_text())
        answer = json.dumps({"status": {"token": "right"}})
        plugin = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "echo",
            "args": [answer],
        }
        document["users"][0]["user"] = {"exec": plugin}
        path.write_text(json.dumps(document))
        monkeypatch.setenv("KUBECONFIG", str(path))
        cluster.answers["/version"] = [(200, {"major": "1", "minor": "29+", "gitVersion": "v1.29"})]
        api = Api(kubeconfig.place())
        assert rights.version(api) == ("v1.29", (1, 29))
        api.close()


@pytest.mark.parametrize(
    "text",
    ["", "[]", ":::", "\x00", "current-context: gone", "contexts: 3", "clusters: [1, {name: x}]"],
)
def test_what_is_no_kubeconfig(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(path))
    with pytest.raises(NoRuntime) as caught:
        kubeconfig.place()
    assert caught.value.remedy


def test_a_host_without_a_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))
    problem = abcd_run_kubernetes.BACKEND.missing()
    assert problem is not None
    assert "kubeconfig" in problem.message


def test_a_busy_server_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as cluster:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path)))
        cluster.answers["/version"] = [(429, {}), (429, {}), (200, {"major": "1"})]
        api = Api(kubeconfig.place())
        assert api.get("/version") == {"major": "1"}
        cluster.answers["/version"] = [(500, {"message": "broken"})]
        with pytest.raises(Status, match="broken"):
            api.get("/version")
        api.close()


def test_only_what_is_known_to_be_gone_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as cluster:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path)))
        api = Api(kubeconfig.place())
        assert api.find("pods", "demo") is None
        cluster.answers[api.path("pods", "demo")] = [(403, {"message": "no"})]
        with pytest.raises(Status):
            api.find("pods", "demo")
        api.close()
