"""How people reach a pod: by a forward of this host, a port of its node, or the cluster's ingress.

The way is chosen at the launch, and kept at the pod, so that all who look later know it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import quote

from abcd_run.errors import UsageError
from abcd_run.model import Endpoint, Plan
from abcd_run_kubernetes.names import LOOPBACK, REACH, object_name

Document = dict[str, Any]

FORWARD, NODE_PORT, INGRESS = WAYS = ("forward", "nodeport", "ingress")
NAME = "{name}"
"""What stands for the instance's name in a pattern of hosts."""

PLAIN, SAFE = "http://", "https://"
WEB = ("http", "https")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")


@dataclass(frozen=True, slots=True)
class Page:
    """A web page behind an ingress: its service, port and path inside, and where people see it.

    `host` may end with a port, where the ingress is not at the usual one.
    """

    service: str
    port: int
    host: str
    path: str = "/"
    safe: bool = False

    @property
    def name(self) -> str:
        """The host's name alone."""
        return self.host.partition(":")[0]

    @property
    def url(self) -> str:
        """What a person types."""
        rooted = quote(f"/{self.path.lstrip('/')}", safe="/%?&=+,;:@~!$'()*")
        return f"{SAFE if self.safe else PLAIN}{self.host}{rooted}"


@dataclass(frozen=True, slots=True)
class Way:
    """How a pod is reached.

    `node` is the address by which people reach nodes, empty for the pod's own node's; `fixed` are
    ports of nodes that the user chose, by the port inside. `kind` is the class of an ingress, empty
    for the cluster's default.
    """

    by: str = FORWARD
    node: str = ""
    fixed: Mapping[int, int] = field(default_factory=dict[int, int])
    kind: str = ""
    pages: tuple[Page, ...] = ()

    def annotation(self) -> dict[str, str]:
        """Return what a pod keeps of it."""
        return {} if self.by == FORWARD else {REACH: json.dumps(asdict(self))}

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the pages behind an ingress."""
        return tuple(Endpoint(one.service, "https" if one.safe else "http", one.url)
                     for one in self.pages)  # fmt: skip


def chosen(plan: Plan, usual: Mapping[str, str]) -> Way:
    """Return the way of a plan; `usual` are the kubeconfig's options. Raises `UsageError`."""

    def wanted(key: str) -> str:
        return str(plan.options.get(key) or usual.get(key) or "")

    by = wanted("reach") or FORWARD
    if by not in WAYS:
        raise UsageError(
            f"reach: {by!r} is no way to reach a pod", remedy=f"name one of {', '.join(WAYS)}"
        )
    if by != FORWARD and plan.address != LOOPBACK:
        raise UsageError(
            f"--address {plan.address}: nothing of this host listens for {plan.name}",
            remedy="leave --address out, or --set on.kubernetes.reach=forward",
        )
    if by == NODE_PORT:
        return Way(by, node=wanted("node"), fixed=dict(plan.ports))
    if by == INGRESS:
        return Way(by, kind=wanted("ingress_class"), pages=_pages(plan, wanted("ingress_host")))
    return Way()


def _pages(plan: Plan, pattern: str) -> tuple[Page, ...]:
    if NAME not in pattern:
        raise UsageError(
            "an ingress needs a pattern for the instances' hosts",
            remedy=f"--set 'on.kubernetes.ingress_host={NAME}.class.example'",
        )
    if plan.ports:
        raise UsageError(
            "--publish: an ingress has its own ports",
            remedy="leave --publish out, or --set on.kubernetes.reach=nodeport",
        )
    web = [one for one in plan.services if one.protocol in WEB]
    if not web:
        raise UsageError(
            f"{plan.image} has no web page, and an ingress carries nothing else",
            remedy="--set on.kubernetes.reach=nodeport",
        )
    first = next((one for one in web if one.open), web[0])
    return tuple(
        Page(
            one.name, one.port, path=one.path, safe=pattern.startswith(SAFE),
            host=_host(pattern, plan.name if one is first else f"{plan.name}-{one.name}"),
        )
        for one in web
    )  # fmt: skip


def _host(pattern: str, name: str) -> str:
    bare = pattern.removeprefix(SAFE).removeprefix(PLAIN)
    return bare.replace(NAME, object_name(name))


def of(pod: Document) -> Way:
    """Return how a pod is reached; what cannot be read is a forward."""
    text = str(((pod.get("metadata") or {}).get("annotations") or {}).get(REACH) or "")
    try:
        read = json.loads(text) if text else {}
        pages = tuple(Page(**one) for one in read.get("pages") or ())
        fixed = {int(port): int(outside) for port, outside in (read.get("fixed") or {}).items()}
        way = Way(**{**read, "pages": pages, "fixed": fixed})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Way()
    return way if way.by in WAYS and _is_sound(way) else Way()


def _is_sound(way: Way) -> bool:
    """Say whether what stands in addresses is nothing but a name or an address."""
    return all(_HOST.fullmatch(one) for one in (way.node or "x", *(p.host for p in way.pages)))


def service_ports(service: Document | None) -> dict[int, int]:
    """Return the nodes' ports of a Service by the port inside; empty without any."""
    listed = ((service or {}).get("spec") or {}).get("ports") or ()
    return {int(one["port"]): int(one["nodePort"]) for one in listed if one.get("nodePort")}


def at_node(way: Way, pod: Document, service: Document | None) -> dict[int, tuple[str, int]]:
    """Return the address and port at which people reach each port of a pod."""
    address = way.node or str((pod.get("status") or {}).get("hostIP") or "")
    return {
        inside: (address, outside)
        for inside, outside in service_ports(service).items()
        if address
    }  # fmt: skip
