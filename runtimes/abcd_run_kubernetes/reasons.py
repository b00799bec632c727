"""Why a pod does not start: the scheduler's and the kubelet's own words, when they say them."""

from collections.abc import Iterable, Iterator
from typing import Any

from abcd_run.errors import AbcdRunError, ArtifactError, LaunchFailed

Document = dict[str, Any]

IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
         "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed")  # fmt: skip
CONTAINER = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError",
             "StartError", "ContainerCannotRun", "PostStartHookError")  # fmt: skip
PASSING = "failed to sync", "context deadline exceeded"
"""What a busy node says of a container that it tries again by itself: with thirty pods at once it
is late with their Secrets."""

NODE = ("FailedCreatePodSandBox", "FailedMount", "FailedAttachVolume")
"""Events for which the kubelet tries again: they may pass."""

CLOSED = "unschedulable", "taint"
"""What the scheduler says of nodes that take no new pods, whatever these want."""

TO_OWNER = "ask the cluster's owner: none of its nodes takes new pods; retry later"
TO_STOP = "abcd-run ps; stop what you no longer need, or give it less: --memory, --cpus"
SHOWN = 600
ROOT_ONLY = "image will run as root", "non-numeric user"


def of_pod(pod: Document, name: str) -> AbcdRunError | None:
    """Return why a pod will not start by itself; None if it runs, or may still start."""
    status = pod.get("status") or {}
    if why := _unscheduled(status):
        closed = "Insufficient" not in why and any(sign in why for sign in CLOSED)
        return LaunchFailed(
            f"{name} finds no node in the cluster: {_brief(why)}",
            details=why,
            remedy=TO_OWNER if closed else TO_STOP,
        )
    for state in _waiting(status):
        reason, said = str(state.get("reason") or ""), str(state.get("message") or "")
        if reason in IMAGE:
            return _image(name, reason, said)
        if reason in CONTAINER and not any(sign in said for sign in PASSING):
            return _container(name, reason, said)
    if status.get("phase") == "Failed" and status.get("reason"):  # Evicted, OutOfcpu, Preempting
        return LaunchFailed(
            f"{name} was refused by its node: {status['reason']}",
            details=str(status.get("message") or "")[:SHOWN],
            remedy="retry, or give it less: --memory, --cpus",
        )
    return None


def so_far(pod: Document) -> str:
    """Return what the node says of a pod that waits; empty if it says nothing."""
    words = (str(one.get("message") or "") for one in _waiting(pod.get("status") or {}))
    return "; ".join(one for one in words if one)[:SHOWN]


def of_events(events: Iterable[Document]) -> str:
    """Return the latest complaint of the node, in its own words; empty if it has none."""
    said = [
        f"{one.get('reason')}: {one.get('message')}"
        for one in events
        if one.get("type") == "Warning" and one.get("reason") in NODE
    ]
    return " ".join(said[-1].split())[:SHOWN] if said else ""


def _unscheduled(status: Document) -> str:
    for one in status.get("conditions") or ():
        wanted = ("PodScheduled", "False", "Unschedulable")
        if tuple(one.get(key) for key in ("type", "status", "reason")) == wanted:
            return str(one.get("message") or "unschedulable")[:SHOWN]
    return ""


def _waiting(status: Document) -> Iterator[Document]:
    for key in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(key) or ():
            if waiting := (one.get("state") or {}).get("waiting"):
                yield waiting


def _image(name: str, reason: str, said: str) -> AbcdRunError:
    return ArtifactError(
        f"{name}: the node cannot get its image ({reason})",
        details=said[:SHOWN],
        remedy="check the image's name, that nodes reach its registry, and"
        " --set on.kubernetes.pull_secret if it wants a login",
    )


def _container(name: str, reason: str, said: str) -> AbcdRunError:
    if any(sign in said for sign in ROOT_ONLY):
        remedy = "--set on.kubernetes.root=true --rootful, if this is meant"
        return LaunchFailed(f"{name}: its image wants to be root", details=said, remedy=remedy)
    return LaunchFailed(
        f"{name}: its node cannot start it ({reason})",
        details=said[:SHOWN],
        remedy=f"kubectl describe pod {name}",
    )


def _brief(why: str) -> str:
    """Return the part of a scheduler's message that says what there is too little of."""
    return why.partition(": ")[2].rstrip(".") or why
