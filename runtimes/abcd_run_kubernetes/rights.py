"""What `doctor` climbs: reachable, new enough, allowed, and how much is left of the namespace."""

from abcd_run.runtime import Probe, Problem
from abcd_run_kubernetes.errors import FORBIDDEN, Status
from abcd_run_kubernetes.kubeconfig import Place
from abcd_run_kubernetes.service import Api, Document

OLDEST = (1, 20)
ROLE = "ask the cluster's owner for the Role in docs/kubernetes-role.yml"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

USED: tuple[tuple[str, str], ...] = (
    *((verb, "pods") for verb in ("create", "get", "list", "watch", "delete")),
    *((verb, "secrets") for verb in ("create", "get", "list", "patch", "delete")),
    ("get", "pods/log"),
    ("create", "pods/exec"),
    ("get", "pods/portforward"),
    ("create", "pods/portforward"),
    ("list", "events"),
    ("list", "resourcequotas"),
)
"""Every verb that this runtime uses, and on what."""


def version(api: Api) -> tuple[str, tuple[int, int]]:
    """Return the server's version, as it says it and as numbers."""
    told = api.get("/version")
    numbers = [
        int("".join(one for one in str(told.get(key)) if one.isdecimal()) or 0)
        for key in ("major", "minor")
    ]
    return str(told.get("gitVersion") or ""), (numbers[0], numbers[1])


def probe(api: Api) -> Probe:
    """Return how far the ladder goes. Raises `Status`, or httpx2's errors."""
    said, numbers = version(api)
    if numbers < OLDEST:
        return Probe(said, Problem(f"Kubernetes {said} is too old", "use one from 1.20 on"))
    # The first verb stands for all: a launch asks for nothing else before it creates.
    if not _may(api, "list", "pods"):
        return Probe(said, Problem(_not_in(api.place), ROLE))
    return Probe(said, advice=(_where(api.place), *_advice(api)))


def _where(place: Place) -> str:
    return f"context {place.context}, namespace {place.namespace}"


def _not_in(place: Place) -> str:
    return f"you may not use the namespace {place.namespace}, or there is none"


def missing(api: Api) -> list[str]:
    """Return the rights that the user lacks, as `verb resource`."""
    return [f"{verb} {kind}" for verb, kind in USED if not _may(api, verb, kind)]


def _may(api: Api, verb: str, kind: str) -> bool:
    resource, _, sub = kind.partition("/")
    wanted = {
        "namespace": api.place.namespace, "verb": verb, "resource": resource, "subresource": sub
    }  # fmt: skip
    asked = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": wanted},
    }
    return bool((api.post(REVIEWS, asked).get("status") or {}).get("allowed"))


def _advice(api: Api) -> tuple[str, ...]:
    lacking = missing(api)
    lacks = f"you may not {', '.join(lacking)}: {ROLE}" if lacking else ""
    return tuple(one for one in (lacks, *_quotas(api), _nodes(api)) if one)


def _quotas(api: Api) -> list[str]:
    try:
        listed = api.get(api.path("resourcequotas")).get("items") or []
    except Status:
        return ["its quota is not shown to you"]
    return [_quota(one) for one in listed]


def _quota(one: Document) -> str:
    status = one.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    parts = [f"{key} {used.get(key, 0)} of {most}" for key, most in sorted(hard.items())]
    return f"quota: {', '.join(parts)}"


def _nodes(api: Api) -> str:
    """Return what nodes have for pods, where the user may see them: most may not."""
    try:
        nodes = api.get("/api/v1/nodes").get("items") or []
    except Status as error:
        return "" if error.code == FORBIDDEN else error.said
    memory = [
        str(((one.get("status") or {}).get("allocatable") or {}).get("memory")) for one in nodes
    ]
    return f"nodes have for pods: {', '.join(memory)}"
