"""Ways to a pod that need no forward: a port of its node, an ingress.

The tests' cluster has neither kube-proxy nor an ingress controller. A relay stands in for the
first; of an ingress, the objects are looked at.
"""

import json
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from abcd_run.testing.cli import abcd_run, http_status
from tests.contract.test_kubernetes import FORWARD, forwards
from tests.engines_here import need
from tests.relay import Place, Relay

ON = ("--on", "kubernetes", "--json", "--no-wait")
HOST = "on.kubernetes.ingress_host=https://{name}.class.example"


@pytest.fixture(autouse=True)
def _cluster() -> None:
    need("kubernetes")


@pytest.fixture
def ended() -> Iterator[list[str]]:
    """Names of instances of which nothing is left at the end."""
    names: list[str] = []
    before = forwards()
    yield names
    assert abcd_run("stop", *names).status == 0
    left = subprocess.run(
        ["kubectl", "get", "pods,secrets,services,ingresses", "--output", "name"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert [one for one in names if one in left] == []
    assert forwards() == before, FORWARD


def launched(ended: list[str], *options: str) -> Any:
    words = [word for option in options for word in ("--set", option)]
    (one,) = abcd_run(*ON, *words, "abcd4demo").json["instances"]
    ended.append(one["name"])
    return one


def there(kind: str, name: str) -> Any:
    line = ["kubectl", "get", kind, name, "--output", "json"]
    return json.loads(subprocess.run(line, check=True, capture_output=True).stdout)


def test_a_port_of_the_node(ended: list[str]) -> None:
    """It is ready when the page answers there, and keeps the port when it is restarted."""
    one = launched(ended, "on.kubernetes.reach=nodeport")
    name, url = one["name"], one["endpoints"][0]["url"]
    pod, service = there("pod", name), there("service", name)
    assert urlsplit(url).hostname == pod["status"]["hostIP"]
    assert urlsplit(url).port in {port["nodePort"] for port in service["spec"]["ports"]}
    assert service["metadata"]["ownerReferences"][0]["uid"] == pod["metadata"]["uid"]

    def to_pod() -> Place:
        return there("pod", name)["status"]["podIP"], 8080

    proxy = Relay(to_pod, port=urlsplit(url).port or 0)
    proxy.mend()
    try:
        (ready,) = abcd_run("--json", "wait", name).json["instances"]
        assert (ready["stage"], ready["endpoints"]) == ("ready", one["endpoints"])
        assert http_status(url)[0] == 401
        assert http_status(url, user="abcd", password=one["password"])[0] == 200
        (again,) = abcd_run("--json", "restart", name).json["instances"]
        assert again["endpoints"] == one["endpoints"]
        assert there("pod", name)["metadata"]["uid"] != pod["metadata"]["uid"]
        listed = abcd_run("ps", "--json", "--on", "kubernetes").json["instances"]
        assert one["endpoints"] in [shown["endpoints"] for shown in listed]
    finally:
        proxy.cut()


def test_an_ingress(ended: list[str]) -> None:
    one = launched(ended, "on.kubernetes.reach=ingress", HOST, "on.kubernetes.ingress_class=nginx")
    host = f"{one['name']}.class.example"
    assert [end["url"] for end in one["endpoints"]] == [f"https://{host}/"]
    spec = there("ingress", one["name"])["spec"]
    assert [rule["host"] for rule in spec["rules"]] == [host]
    assert (spec["ingressClassName"], spec["tls"]) == ("nginx", [{"hosts": [host]}])
    late = abcd_run("wait", "--timeout", "1", one["name"])
    assert late.status == 6
