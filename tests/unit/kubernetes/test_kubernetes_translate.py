"""A plan as a Pod and a Secret."""

import json
from dataclasses import replace
from typing import Any

import pytest

from abcd_run.backend import record
from abcd_run.schema import Wrong
from abcd_run_kubernetes import images, native, options, translate
from abcd_run_kubernetes.names import FORWARD, label, object_name
from tests.restricted import violations
from tests.unit.kubernetes.plans import IMAGE, PLAN, pod


def test_a_pod_holds_to_the_restricted_standard() -> None:
    assert violations(pod()) == []
    assert violations(pod(version=(1, 34))) == []


@pytest.mark.parametrize(
    ("where", "value", "says"),
    [
        (("hostNetwork",), True, "hostNetwork"),
        (("securityContext",), {}, "system: no seccomp profile"),
        (("volumes",), [{"name": "x", "hostPath": {"path": "/"}}], "volume hostPath"),
        (("containers", 0, "securityContext", "privileged"), True, "system: privileged"),
        (("containers", 0, "securityContext", "capabilities"), {}, "capabilities are not"),
        (("containers", 0, "securityContext", "allowPrivilegeEscalation"), True, "escalation"),
        (("containers", 0, "securityContext", "runAsUser"), 0, "system: runs as root"),
    ],
)
def test_the_standards_rules_are_looked_at(
    where: tuple[Any, ...], value: object, says: str
) -> None:
    broken = pod()
    broken["spec"]["containers"][0]["securityContext"].pop("seccompProfile")
    inner: Any = broken["spec"]
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    assert any(says in one for one in violations(broken))


def test_the_password_is_in_the_secret_alone() -> None:
    secret = translate.secret(PLAN)
    assert secret["stringData"]["ABCD_PASSWORD"] == "secret-secret"
    assert "secret-secret" not in json.dumps(pod())
    assert "secret-secret" not in json.dumps(secret["metadata"])


def test_no_login_to_the_cluster_inside() -> None:
    spec = pod()["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["restartPolicy"] == "Never"


def test_what_is_reserved_is_what_it_may_use() -> None:
    resources = pod()["spec"]["containers"][0]["resources"]
    given = {"memory": "256Mi", "cpu": "500m", "ephemeral-storage": "1024Mi"}
    assert resources == {"requests": given, "limits": given}


def test_users_of_its_own_where_the_server_knows_them() -> None:
    assert "hostUsers" not in pod(version=(1, 32))["spec"]
    assert pod(version=(1, 33))["spec"]["hostUsers"] is False
    chosen = replace(PLAN, options={"host_users": True})
    assert "hostUsers" not in pod(chosen, version=(1, 33))["spec"]


def test_root_only_if_it_is_asked_for() -> None:
    chosen = pod(replace(PLAN, options={"root": True}))
    assert chosen["spec"]["containers"][0]["securityContext"]["runAsUser"] == 0
    assert violations(chosen)
    assert options.trusts({"root": True}) is not None
    assert options.trusts({"root": False, "registry": "registry.example"}) is None


def test_a_command_s_dollars_stay_its_own() -> None:
    spec = pod(replace(PLAN, command=("sh", "-c", "echo $(id) $HOME")))["spec"]
    assert spec["containers"][0]["args"] == ["sh", "-c", "echo $$(id) $HOME"]


def test_the_record_is_in_annotations_and_a_forward_only_if_chosen() -> None:
    annotations = pod()["metadata"]["annotations"]
    assert record.read(annotations).name == PLAN.name
    assert FORWARD not in annotations
    chosen = pod(replace(PLAN, address="127.0.0.2", ports={8080: 9000}))
    wanted = {"address": "127.0.0.2", "ports": {"8080": 9000}}
    assert json.loads(chosen["metadata"]["annotations"][FORWARD]) == wanted


@pytest.mark.parametrize("name", ["Demo_1", "x" * 80, "-", "a.b", "ä", "a" * 63 + "-1"])
def test_any_name_has_an_object_s_name(name: str) -> None:
    made = object_name(name)
    assert made == object_name(made)
    assert len(made) <= 63
    assert made != object_name(name + "x")


def test_labels_are_what_kubernetes_takes() -> None:
    assert label("0.1+dev.3") == "0.1-dev.3"
    assert len(label("x" * 100)) == 63
    assert object_name("demo-1") == "demo-1"


@pytest.mark.parametrize("text", ["", "-x", "a b", "https://", "x:y", "$(id)", "r/A B"])
def test_what_is_no_registry(text: str) -> None:
    with pytest.raises(Wrong):
        options.OPTIONS["registry"].rule.read(text)


def test_registries() -> None:
    assert images.registry("http://127.0.0.1:5000/class/") == images.Registry(
        "127.0.0.1:5000/class", plain=True
    )
    assert images.registry("registry.example") == images.Registry("registry.example")
    assert images.registry("") is None


def test_the_native_lines_are_manifests() -> None:
    shown = native.lines(
        (translate.secret(PLAN), pod()), context="c", namespace="n", first=["skopeo copy a b"]
    )
    first, line, *_ = shown.splitlines()
    assert first == "skopeo copy a b"
    assert line.startswith("kubectl --context c --namespace n apply -f - <<")
    assert f"image: {IMAGE}" in shown
    assert "secret-secret" not in line
