"""Translate a plan into a Pod and a Secret, as documents that `kubectl apply` takes too.

A pod holds to the "restricted" of Kubernetes' standards unless the profile wants root inside. The
seed is in the Secret, which becomes the container's environment: who may read pods reads no
password.
"""

import json
from typing import Any

from abcd_run.backend import record
from abcd_run.model import Plan
from abcd_run_kubernetes.names import (
    CONTAINER,
    INSTANCE,
    LABEL,
    LOOPBACK,
    MANAGER,
    label,
    object_name,
)
from abcd_run_kubernetes.names import (
    FORWARD as FORWARD_TO,
)
from abcd_run_kubernetes.reach import FORWARD, Way

Document = dict[str, Any]

GRACE_SECONDS = 5
"""How long an instance may take to shut down before it is killed."""

PROBE_SECONDS = 2
"""How often a node looks whether the port of an instance is open that others reach."""

FORWARDED = Way()

OWN_USERS = (1, 33)
"""The version from which servers give pods users of their own without being told to."""

RUN_BYTES = "16Mi"
"""The size of `/run/abcd`, where images keep the seed: in memory, and no part of the image."""

POLICIES = {"always": "Always", "never": "Never"}


def secret(plan: Plan) -> Document:
    """Return the Secret of an instance: its seed and the user's variables."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(plan),
        "type": "Opaque",
        "stringData": plan.environment(),
    }


def pod(
    plan: Plan,
    image: str,
    *,
    ports: list[int],
    pushed: bool,
    version: tuple[int, int],
    way: Way = FORWARDED,
) -> Document:
    """Return the Pod of an instance. `pushed` says that the image was brought for this launch."""
    options = plan.options
    spec: Document = {
        "restartPolicy": "Never",  # what has ended by itself is seen to have ended
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostname": object_name(plan.name),
        "securityContext": _pod_rights(plan),
        "containers": [_container(plan, image, ports, pushed=pushed)],
        "volumes": _volumes(plan),
    }
    if version >= OWN_USERS and not options.get("host_users"):
        spec["hostUsers"] = False
    if name := options.get("pull_secret"):
        spec["imagePullSecrets"] = [{"name": name}]
    meta = _metadata(plan)
    if way.by == FORWARD:
        meta["annotations"] |= _forward(plan)
    elif ports:
        meta["annotations"] |= way.annotation()
        meta["labels"][INSTANCE] = object_name(plan.name)
        spec["containers"][0]["readinessProbe"] = _probe(plan, ports)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def _probe(plan: Plan, ports: list[int]) -> Document:
    """Return when the cluster may send people to a pod: once its port is open."""
    ready = next((one.port for one in plan.services if one.name == plan.ready.service), ports[0])
    return {"tcpSocket": {"port": ready}, "periodSeconds": PROBE_SECONDS}


def _forward(plan: Plan) -> dict[str, str]:
    """Return where this host is to reach a pod, if the user chose it."""
    if plan.address == LOOPBACK and not plan.ports:
        return {}
    fixed = {str(inside): port for inside, port in plan.ports.items()}
    return {FORWARD_TO: json.dumps({"address": plan.address, "ports": fixed})}


def _metadata(plan: Plan) -> Document:
    return {
        "name": object_name(plan.name),
        "labels": {
            LABEL: MANAGER,
            "app.kubernetes.io/name": label(plan.image),
            "app.kubernetes.io/instance": label(plan.name),
        },
        "annotations": record.labels(plan),
    }


def _container(plan: Plan, image: str, ports: list[int], *, pushed: bool) -> Document:
    container: Document = {
        "name": CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent" if pushed else POLICIES.get(plan.pull, "IfNotPresent"),
        "envFrom": [{"secretRef": {"name": object_name(plan.name)}}],
        "ports": [{"containerPort": port} for port in ports],
        "resources": _resources(plan),
        "securityContext": _rights(plan),
        "volumeMounts": [
            {"name": "seed", "mountPath": "/run/abcd"},
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108  (in the pod, not here)
        ],
    }
    # A dollar and parentheses would stand for a variable.
    if plan.command:
        container["args"] = [word.replace("$(", "$$(") for word in plan.command]
    return container


def is_root(plan: Plan) -> bool:
    """Say whether an instance's processes begin as root of its container."""
    return plan.options.get("root") is True


def _pod_rights(plan: Plan) -> Document:
    rights: Document = {"seccompProfile": {"type": "RuntimeDefault"}}
    if is_root(plan):
        return rights
    # The group is that of mounted folders, which are writable by it.
    user = plan.uid
    return {
        **rights, "runAsNonRoot": True, "runAsUser": user, "runAsGroup": user, "fsGroup": user
    }  # fmt: skip


def _rights(plan: Plan) -> Document:
    rights: Document = {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if is_root(plan):
        return {**rights, "runAsUser": 0}
    return {**rights, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}


def _resources(plan: Plan) -> Document:
    """Return what an instance gets: as much is reserved as it may use, so that seats are even."""
    resources = plan.resources
    given: Document = {}
    if resources.memory:
        given["memory"] = _size(resources.memory)
    if resources.cpus:
        given["cpu"] = f"{round(resources.cpus * 1000)}m"
    if resources.disk:
        given["ephemeral-storage"] = _size(resources.disk)
    return {"requests": given, "limits": given} if given else {}


def _size(count: int) -> str:
    """Return a number of bytes as people read it, if it is a whole one of MiB."""
    return f"{count >> 20}Mi" if count % (1 << 20) == 0 else str(count)


def _volumes(plan: Plan) -> list[Document]:
    shm: Document = {"medium": "Memory"}
    if plan.resources.shm:
        shm["sizeLimit"] = _size(plan.resources.shm)
    elif plan.resources.memory:
        shm["sizeLimit"] = _size(plan.resources.memory // 2)
    seed = {"medium": "Memory", "sizeLimit": RUN_BYTES}
    return [{"name": "seed", "emptyDir": seed}, {"name": "shm", "emptyDir": shm}]
