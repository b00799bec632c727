"""Pods and Secrets as instances."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from abcd_run.backend import record
from abcd_run.model import Instance, RootHeld
from abcd_run_kubernetes.names import LABEL, MANAGER, POD, object_name

Document = dict[str, Any]
RUNTIME = "kubernetes"
PASSWORD = "ABCD_PASSWORD"  # noqa: S105  (the key of it)
ENDED = ("Succeeded", "Failed")


def are_ours(facts: Document) -> bool:
    """Say whether an object is one of abcd-run's, and no copy of one."""
    meta = facts.get("metadata") or {}
    texts = labels(facts)
    managed = (meta.get("labels") or {}).get(LABEL) == MANAGER
    return managed and record.MARK in texts and _is_named(texts, str(meta.get("name")))


def _is_named(texts: Mapping[str, str], name: str) -> bool:
    return object_name(texts.get(record.NAME, "")) == name


def labels(facts: Document) -> dict[str, str]:
    """Return an instance's labels, which are annotations here."""
    given = (facts.get("metadata") or {}).get("annotations") or {}
    return {key: str(text) for key, text in given.items() if key.startswith(record.PREFIX)}


def password(secret: Document | None) -> str:
    """Return the password in a Secret; empty if there is none."""
    data = (secret or {}).get("data") or {}
    try:
        return base64.b64decode(str(data.get(PASSWORD, "")), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def kept_pod(secret: Document) -> Document | None:
    """Return the pod that a Secret belongs to, as it was to be made; None without one.

    Whoever shares the namespace may have changed it: what has no name is none.
    """
    text = str(((secret.get("metadata") or {}).get("annotations") or {}).get(POD) or "")
    try:
        document: Any = json.loads(text)
        named = isinstance(document["metadata"]["name"], str)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return document if named and document["metadata"]["name"] else None


def of_secret(secret: Document) -> Instance:
    """Return an instance that was created and has no pod yet."""
    texts = labels(secret)
    return Instance(
        name=texts[record.NAME],
        runtime=RUNTIME,
        runtime_id=str(secret["metadata"]["name"]),
        labels=texts,
        running=False,
        state="created",
        password=password(secret),
        root=RootHeld.SANDBOX,
        began=False,
    )


def of_pod(
    pod: Document, secret: Document | None, forwarded: Mapping[int, tuple[str, int]]
) -> Instance:
    """Return a pod as an instance, with the ports at which this host reaches it."""
    texts = labels(pod)
    alive = runs(pod)
    return Instance(
        name=texts[record.NAME],
        runtime=RUNTIME,
        runtime_id=str(pod["metadata"]["name"]),
        labels=texts,
        running=alive,
        state=_state(pod),
        ports=forwarded if alive else {},
        password=password(secret),
        root=RootHeld.UNKNOWN if begins_as_root(pod) else RootHeld.SANDBOX,
    )


def runs(pod: Document) -> bool:
    """Say whether a pod runs, or will."""
    leaving = (pod.get("metadata") or {}).get("deletionTimestamp")
    return not leaving and _phase(pod) not in ENDED


def has_ended(pod: Document) -> bool:
    """Say whether all of a pod has ended, by its node's word."""
    return _phase(pod) in ENDED


def is_up(pod: Document) -> bool:
    """Say whether a pod's container runs now."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return any("running" in (one.get("state") or {}) for one in statuses)


def has_run(pod: Document) -> bool:
    """Say whether a pod's container runs now, or did; what nobody knows of may."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    waits = bool(statuses) and all("waiting" in (one.get("state") or {}) for one in statuses)
    known = _phase(pod) == "Pending" and (waits or not _has_node(pod))
    return not known


def _has_node(pod: Document) -> bool:
    return bool((pod.get("spec") or {}).get("nodeName"))


def ports(pod: Document) -> tuple[int, ...]:
    """Return the ports of a pod that are to be reached."""
    container = pod["spec"]["containers"][0]
    return tuple(int(one["containerPort"]) for one in container.get("ports") or ())


def begins_as_root(pod: Document) -> bool:
    """Say whether a pod's processes may be root of its node, as far as its container lets them."""
    spec = pod.get("spec") or {}
    return (
        not (spec.get("securityContext") or {}).get("runAsNonRoot")
        and spec.get("hostUsers") is not False
    )


def _phase(pod: Document) -> str:
    return str((pod.get("status") or {}).get("phase") or "Pending")


def _state(pod: Document) -> str:
    """Return a word for how a pod is."""
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        return "stopping"
    if is_up(pod):
        return "running"
    status = pod.get("status") or {}
    for one in status.get("containerStatuses") or ():
        for state in (one.get("state") or {}).values():
            if isinstance(state, dict) and state.get("reason"):
                return str(state["reason"])
    return str(status.get("reason") or _phase(pod).lower())
