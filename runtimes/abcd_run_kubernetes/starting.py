"""Start a pod and wait until it runs, or until its node or the scheduler says why it does not."""

import json
import time

from abcd_run.errors import AbcdRunError, LaunchFailed
from abcd_run_kubernetes import beside, instances, reasons, removal
from abcd_run_kubernetes.errors import NOT_FOUND, Status
from abcd_run_kubernetes.names import POD
from abcd_run_kubernetes.pods import Pods
from abcd_run_kubernetes.service import Api, Document

START_SECONDS = 900.0
"""How long a pod may take to run: its node may have to pull a large image."""

FIRST_LOOK, SLOWEST_LOOK, GROWTH = 0.05, 1.0, 1.5
EVENTS_EACH = 2.0
COMPLAINING_SECONDS = 20.0
"""How long a node may go on complaining: what it says may pass."""


def keeping(secret: Document, pod: Document) -> Document:
    """Return a Secret that knows the pod that it belongs to."""
    secret["metadata"]["annotations"][POD] = json.dumps(pod, separators=(",", ":"))
    return secret


def started(api: Api, pods: Pods, name: str) -> tuple[Document, Document]:
    """Start a created instance, or one that has ended; return its pod and its Secret.

    Raises `LaunchFailed` or `ArtifactError`, `Status`, or httpx2's errors.
    """
    secret = api.find("secrets", name)
    if secret is None:
        raise LaunchFailed(f"{name} is gone", remedy="abcd-run ps")
    wanted = _kept(secret, name)
    if earlier := api.find("pods", name):
        _leave(api, name)
        beside.leave(api, earlier)
        removal.end_pod(api, pods, earlier)
    pod = api.post(api.path("pods"), wanted)
    _own(api, name, pod)
    beside.make(api, pod)
    return await_running(api, pods, pod), secret


def _kept(secret: Document, name: str) -> Document:
    document = instances.kept_pod(secret)
    if document is None:
        raise LaunchFailed(
            f"{name} was not made by a launch, and cannot be made again",
            remedy=f"abcd-run stop {name}, and launch it",
        )
    return document


def _own(api: Api, name: str, pod: Document) -> None:
    """Give the Secret to its pod: who deletes that by hand leaves nothing."""
    owners = [beside.owner(pod)]
    api.patch(api.path("secrets", name), {"metadata": {"ownerReferences": owners}})


def _leave(api: Api, name: str) -> None:
    """Take the Secret from a pod that is to be made anew."""
    api.patch(api.path("secrets", name), {"metadata": {"ownerReferences": None}})


def await_running(api: Api, pods: Pods, pod: Document) -> Document:
    """Return a pod once it runs, or has ended. Raises why it does neither, once that is said."""
    name, begun = str(pod["metadata"]["name"]), time.monotonic()
    waiting, pause = _Complaints(api, name, str(pod["metadata"]["uid"])), FIRST_LOOK
    with pods.following(pod) as newest:
        while time.monotonic() - begun < START_SECONDS:
            if (newer := newest(pause)) is None:
                raise LaunchFailed(f"{name} is gone", remedy="abcd-run ps")
            pod = newer
            if problem := reasons.of_pod(pod, name) or waiting.problem():
                raise problem
            if instances.is_up(pod) or not instances.runs(pod):
                return pod
            pause = min(pause * GROWTH, SLOWEST_LOOK)
    raise LaunchFailed(
        f"{name} did not start within {START_SECONDS:g} s",
        details=waiting.said or reasons.so_far(pod),
        remedy=f"kubectl describe pod {name}",
    )


class _Complaints:
    """What the node says again and again about a pod."""

    def __init__(self, api: Api, name: str, uid: str) -> None:
        self._api, self._name, self._uid = api, name, uid
        self._asked = time.monotonic()
        self._since = 0.0
        self.said = ""

    def problem(self) -> AbcdRunError | None:
        """Return the error once the node has complained for long."""
        now = time.monotonic()
        if now - self._asked < EVENTS_EACH:
            return None
        self._asked = now
        self.said = reasons.of_events(self._events())
        self._since = (self._since or now) if self.said else 0.0
        if not self.said or now - self._since < COMPLAINING_SECONDS:
            return None
        return LaunchFailed(
            f"{self._name}: its node cannot start it",
            details=self.said,
            remedy=f"kubectl describe pod {self._name}",
        )

    def _events(self) -> list[Document]:
        try:
            selector = f"involvedObject.uid={self._uid}"
            listed = self._api.get(self._api.path("events"), fieldSelector=selector)
        except Status as error:  # not every Role has them
            if error.code == NOT_FOUND:
                raise
            return []
        return listed.get("items") or []
