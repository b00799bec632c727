"""What stands beside a pod so that people reach it: a Service, and an Ingress, both owned by it."""

from collections.abc import Iterator
from typing import Any

from abcd_run.backend import record
from abcd_run.errors import LaunchFailed
from abcd_run_kubernetes import instances, reach
from abcd_run_kubernetes.errors import FORBIDDEN, Status
from abcd_run_kubernetes.names import INSTANCE, object_name
from abcd_run_kubernetes.reach import INGRESS, NODE_PORT, Way
from abcd_run_kubernetes.service import Api

Document = dict[str, Any]

SERVICES, INGRESSES = "services", "ingresses"


def kinds(way: Way) -> tuple[str, ...]:
    """Return which kinds of objects a way needs."""
    return {NODE_PORT: (SERVICES,), INGRESS: (SERVICES, INGRESSES)}.get(way.by, ())


def name_of(pod: Document) -> str:
    """Return what they are called: a Service's name begins with a letter."""
    name = str(pod["metadata"]["name"])
    return name if name[0].isalpha() else object_name(f"i-{name}")


def manifests(pod: Document) -> Iterator[tuple[str, Document]]:
    """Yield kind and document of what a pod needs beside it; nothing where it is forwarded."""
    way = reach.of(pod)
    for kind in kinds(way):
        yield kind, _service(pod, way) if kind == SERVICES else _ingress(pod, way)


def _metadata(pod: Document) -> Document:
    meta, texts = pod["metadata"], instances.labels(pod)
    owned = {"ownerReferences": [owner(pod)]} if meta.get("uid") else {}
    return {
        "name": name_of(pod),
        "labels": dict(meta["labels"]),
        "annotations": {key: texts[key] for key in (record.MARK, record.NAME) if key in texts},
        **owned,
    }


def owner(pod: Document) -> Document:
    """Return the reference by which what belongs to a pod ends with it."""
    meta = pod["metadata"]
    return {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]}


def _service(pod: Document, way: Way) -> Document:
    inside = [one.port for one in way.pages] or instances.ports(pod)
    ports: list[Document] = [{"name": f"p{port}", "port": port} for port in inside]
    for one in ports:
        if chosen := way.fixed.get(one["port"]):
            one["nodePort"] = chosen
    spec = {
        "type": "NodePort" if way.by == NODE_PORT else "ClusterIP",
        "selector": {INSTANCE: pod["metadata"]["labels"][INSTANCE]},
        "ports": ports,
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata(pod), "spec": spec}


def _ingress(pod: Document, way: Way) -> Document:
    spec: Document = {"rules": [_rule(pod, one) for one in way.pages]}
    if way.kind:
        spec["ingressClassName"] = way.kind
    if safe := [one.name for one in way.pages if one.safe]:
        spec["tls"] = [{"hosts": safe}]  # without a Secret: the controller's own certificate
    meta = _metadata(pod)
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": spec
    }  # fmt: skip


def _rule(pod: Document, page: reach.Page) -> Document:
    to = {"service": {"name": name_of(pod), "port": {"number": page.port}}}
    path = {"path": "/", "pathType": "Prefix", "backend": to}
    return {"host": page.name, "http": {"paths": [path]}}


def make(api: Api, pod: Document) -> None:
    """Make what a pod needs beside it, or give it that of the pod before.

    Raises `LaunchFailed` if the name is somebody else's, or `Status`.
    """
    for kind, document in manifests(pod):
        there = api.find(kind, name_of(pod))
        if there is None:
            api.post(api.path(kind), document)
        elif _is_of(there, pod):
            _give(api, kind, pod, [owner(pod)])
        else:
            raise LaunchFailed(
                f"there is another of {kind} called {name_of(pod)}",
                remedy="launch it under another name: --name",
            )


def leave(api: Api, pod: Document) -> None:
    """Take what stands beside a pod from it, for the pod that takes its place."""
    for kind in kinds(reach.of(pod)):
        there = api.find(kind, name_of(pod))
        if there is not None and _is_of(there, pod):
            _give(api, kind, pod, None)


def _give(api: Api, kind: str, pod: Document, owners: list[Document] | None) -> None:
    path = api.path(kind, name_of(pod))
    api.patch(path, {"metadata": {"ownerReferences": owners}})


def remove(api: Api, pod: Document) -> None:
    """Remove what stands beside a pod, if it is ours; no-op if it is gone.

    Where the user may not, none of it was made by them, and what others made ends with its pod.
    """
    for kind in kinds(reach.of(pod)):
        try:
            there = api.find(kind, name_of(pod))
            if there is not None and _is_of(there, pod):
                api.delete(api.path(kind, name_of(pod)))
        except Status as error:
            if error.code != FORBIDDEN:
                raise


def _is_of(there: Document, pod: Document) -> bool:
    mine, its = instances.labels(pod), instances.labels(there)
    return record.MARK in its and its.get(record.NAME) == mine.get(record.NAME)


def services(api: Api, pods: list[Document]) -> dict[str, Document]:
    """Return the Services by which nodes' ports reach pods, by name: one question at most."""
    if not any(reach.of(one).by == NODE_PORT for one in pods):
        return {}
    if len(pods) == 1:
        one = api.find(SERVICES, name_of(pods[0]))
        return {name_of(pods[0]): one} if one is not None else {}
    return {str(one["metadata"]["name"]): one for one in api.ours(SERVICES)}
