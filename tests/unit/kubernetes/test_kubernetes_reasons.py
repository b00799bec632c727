"""Why a pod does not start, from what servers really said."""

from typing import Any

import pytest

from abcd_run.errors import ArtifactError, LaunchFailed, NameTaken, NoAnswer, NoRuntime
from abcd_run_kubernetes import instances, reasons
from abcd_run_kubernetes.errors import Status, meaning, said_in, translated

QUOTA = (
    'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1'
)
POLICY = (
    'pods "x" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities'
)


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"status": {"phase": "Pending", "containerStatuses": [{"state": state}]}}


def unscheduled(message: str) -> dict[str, Any]:
    said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return {"status": {"phase": "Pending", "conditions": [{**said, "message": message}]}}


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
@pytest.mark.parametrize("said", ["manifest unknown", "dial tcp: context deadline exceeded"])
def test_an_image_that_cannot_be_had(reason: str, said: str) -> None:
    error = reasons.of_pod(waiting(reason, said), "demo")
    assert isinstance(error, ArtifactError)
    assert (reason in error.message, error.details) == (True, said)


def test_no_node_has_room() -> None:
    said = "0/1 nodes are available: 1 Insufficient memory."
    error = reasons.of_pod(unscheduled(said), "demo")
    assert isinstance(error, LaunchFailed)
    assert error.message.endswith("1 Insufficient memory")


def test_an_image_that_wants_to_be_root() -> None:
    said = "container has runAsNonRoot and image will run as root"
    error = reasons.of_pod(waiting("CreateContainerConfigError", said), "demo")
    assert error is not None
    assert "--rootful" in error.remedy


def test_a_pod_that_its_node_refuses() -> None:
    pod = {"status": {"phase": "Failed", "reason": "OutOfmemory", "message": "no memory"}}
    error = reasons.of_pod(pod, "demo")
    assert error is not None
    assert error.details == "no memory"


@pytest.mark.parametrize(
    "pod",
    [
        {},
        {"status": None},
        waiting("ContainerCreating"),
        waiting(
            "CreateContainerConfigError",
            "failed to sync secret cache: timed out waiting for the condition",
        ),
        waiting("CreateContainerError", "context deadline exceeded"),
    ],
)
def test_what_may_still_start(pod: dict[str, Any]) -> None:
    assert reasons.of_pod(pod, "demo") is None
    assert instances.runs(pod)
    assert not instances.is_up(pod)


def test_what_a_waiting_pod_is_said_to_wait_for() -> None:
    assert reasons.so_far(waiting("CreateContainerError", "context deadline exceeded")) == (
        "context deadline exceeded"
    )
    assert reasons.so_far({}) == ""


def test_what_has_run_is_known() -> None:
    running: dict[str, Any] = {"state": {"running": {}}}
    ended = {"status": {"phase": "Failed", "containerStatuses": [{"state": {"terminated": {}}}]}}
    assert not instances.has_run(waiting("ErrImagePull"))
    assert not instances.has_run(unscheduled("no room"))
    assert instances.has_run({"status": {"phase": "Running", "containerStatuses": [running]}})
    assert instances.has_run(ended)
    # On a node that has not said anything yet.
    assert instances.has_run({"spec": {"nodeName": "n"}, "status": {"phase": "Pending"}})


def test_the_node_s_last_complaint() -> None:
    events = [
        {"type": "Normal", "reason": "Pulled", "message": "x"},
        {"type": "Warning", "reason": "FailedCreatePodSandBox", "message": "no\nnetwork"},
    ]
    assert reasons.of_events(events) == "FailedCreatePodSandBox: no network"
    assert reasons.of_events([]) == ""


@pytest.mark.parametrize(
    ("code", "said", "kind", "word"),
    [
        (403, QUOTA, LaunchFailed, "quota"),
        (403, POLICY, LaunchFailed, "does not allow such a pod"),
        (403, "pods is forbidden: User x cannot create", LaunchFailed, "you may not"),
        (403, "forbidden: because it is being terminated", LaunchFailed, "going away"),
        (401, "Unauthorized", NoRuntime, "login"),
        (409, 'pods "x" already exists', NameTaken, "in use"),
        (500, "etcdserver: request timed out", LaunchFailed, "could not do it"),
    ],
)
def test_refusals(code: int, said: str, kind: type[Exception], word: str) -> None:
    error = meaning(Status(code, said), "do it", LaunchFailed)
    assert type(error) is kind
    assert word in error.message
    assert error.remedy or code == 409


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>no</html>", b"[1]", b'{"message": null}', b"\xff", b'{"message": "no\\n"}'],
)
def test_any_answer_has_words(body: bytes) -> None:
    assert "\n" not in said_in(body)


def test_a_silent_and_an_absent_server_differ() -> None:
    import httpx2

    with pytest.raises(NoAnswer), translated("x"):
        raise httpx2.ReadTimeout("late")
    with pytest.raises(NoRuntime) as caught, translated("x"):
        raise httpx2.ConnectError("refused")
    assert not isinstance(caught.value, NoAnswer)
    with pytest.raises(LaunchFailed, match="cannot be read"), translated("x"):
        raise KeyError("metadata")
