"""What `doctor` climbs: reachable, new enough, allowed, and how much is left of the namespace."""

from collections.abc import Iterable, Mapping

from abcd_run.errors import LaunchFailed
from abcd_run.runtime import Probe, Problem
from abcd_run_kubernetes.errors import FORBIDDEN, Status
from abcd_run_kubernetes.kubeconfig import Place
from abcd_run_kubernetes.reach import INGRESS, NODE_PORT
from abcd_run_kubernetes.service import GROUPS, Api, Document

OLDEST = (1, 20)
ROLE = "ask the cluster's owner for the Role in docs/kubernetes-role.yml"
REVIEWS = "/apis/authorization.k8s.io/v1/"

ALL_OF_ONE = ("create", "get", "list", "patch", "delete")


def _for_all(kind: str) -> tuple[tuple[str, str], ...]:
    return tuple((verb, kind) for verb in ALL_OF_ONE)


NEEDED: tuple[tuple[str, str], ...] = (
    *((verb, "pods") for verb in ("create", "get", "list", "delete")),
    *_for_all("secrets"),
)
"""The verbs without which there is no instance, and on what."""

USEFUL: tuple[tuple[str, str], ...] = (
    ("watch", "pods"),
    ("get", "pods/log"),
    ("create", "pods/exec"),
    ("get", "pods/portforward"),
    ("list", "events"),
    ("list", "resourcequotas"),
)
"""Those without which something is missing: ports, commands, logs, reasons."""

REACHING: Mapping[str, tuple[tuple[str, str], ...]] = {
    NODE_PORT: _for_all("services"),
    INGRESS: (*_for_all("services"), *_for_all("ingresses")),
}
"""Those by which people reach instances in other ways than a forward, by way."""

MOST_NODES = "50"
"""How many nodes are looked at: there may be thousands."""


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
    needs = (*NEEDED, *REACHING.get(api.place.usual.get("reach", ""), ()))
    lacking = missing(api, (*needs, *USEFUL))
    if needed := [one for one in lacking if one in map(_words, needs)]:
        where = f"in the namespace {api.place.namespace}, if there is one"
        return Probe(said, Problem(f"you may not {', '.join(needed)} {where}", ROLE))
    return Probe(said, advice=(_where(api.place), *_advice(api, lacking)))


def _where(place: Place) -> str:
    return f"context {place.context}, namespace {place.namespace}"


def prove(api: Api, way: str) -> None:
    """Raise `LaunchFailed` if the user may not make what a way to reach instances needs."""
    wanted = REACHING.get(way, ())
    if wanted and (lacking := missing(api, wanted)):
        raise LaunchFailed(
            f"reach: {way} needs rights that you lack: {', '.join(lacking)}",
            remedy=f"{ROLE}, or --set on.kubernetes.reach=forward",
        )


def missing(api: Api, wanted: Iterable[tuple[str, str]]) -> list[str]:
    """Return the rights that the user lacks, as `verb resource`, by one question if possible."""
    answer = api.post(f"{REVIEWS}selfsubjectrulesreviews", _review("Rules", _namespace(api)))
    status = answer.get("status") or {}
    rules = status.get("resourceRules") or []
    known = [one for one in rules if not one.get("resourceNames")]
    lacking = [one for one in wanted if not any(_allows(rule, *one) for rule in known)]
    # Some servers cannot list what they would allow.
    return [_words(one) for one in lacking if not (status.get("incomplete") and _may(api, *one))]


def _allows(rule: Document, verb: str, kind: str) -> bool:
    resource, _, sub = kind.partition("/")
    meant = {"*", kind, *((f"*/{sub}", f"{resource}/*") if sub else ())}
    wanted = (
        ("verbs", {"*", verb}),
        ("apiGroups", {"*", GROUPS.get(resource, "")}),
        ("resources", meant),
    )
    return all(words & set(rule.get(key) or ()) for key, words in wanted)


def _may(api: Api, verb: str, kind: str) -> bool:
    resource, _, sub = kind.partition("/")
    wanted = {
        **_namespace(api), "verb": verb, "group": GROUPS.get(resource, ""),
        "resource": resource, "subresource": sub,
    }  # fmt: skip
    asked = _review("Access", {"resourceAttributes": wanted})
    answer = api.post(f"{REVIEWS}selfsubjectaccessreviews", asked)
    return bool((answer.get("status") or {}).get("allowed"))


def _review(what: str, spec: Document) -> Document:
    kind = f"SelfSubject{what}Review"
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}


def _namespace(api: Api) -> Document:
    return {"namespace": api.place.namespace}


def _words(right: tuple[str, str]) -> str:
    return " ".join(right)


def _advice(api: Api, lacking: list[str]) -> tuple[str, ...]:
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
        nodes = api.get("/api/v1/nodes", limit=MOST_NODES).get("items") or []
    except Status as error:
        return "" if error.code == FORBIDDEN else error.said
    memory = [
        str(((one.get("status") or {}).get("allocatable") or {}).get("memory")) for one in nodes
    ]
    return f"nodes have for pods: {', '.join(memory)}"
