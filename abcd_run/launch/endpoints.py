"""How to reach an instance: the addresses of its services and screens."""

from dataclasses import replace
from urllib.parse import quote, urlsplit

from abcd_run.backend import record
from abcd_run.host import this_host
from abcd_run.model import Endpoint, Instance, Service

EVERYWHERE = ("0.0.0.0:", "[::]:")
"""How an endpoint's host and port begin that are on every network."""


def services(instance: Instance) -> tuple[Service, ...]:
    """Return an instance's services; guess at the ports that no profile names."""
    known = record.read(instance.labels).services
    unnamed = sorted(set(instance.ports) - {service.port for service in known})
    if not unnamed:
        return known
    from abcd_run.backend.image_ports import exposed_services  # noqa: PLC0415  (`ps` starts faster)

    return (*known, *exposed_services(unnamed))


def endpoints(instance: Instance) -> tuple[Endpoint, ...]:
    """Return the endpoints of an instance that are reachable now, screens last."""
    user = record.read(instance.labels).user
    published = [
        Endpoint(service.name, service.protocol, _url(service, *instance.ports[service.port], user))
        for service in services(instance)
        if service.port in instance.ports
    ]
    return (*published, *instance.endpoints, *instance.screens)


def typed(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint as a person anywhere can type it: "all addresses" is none."""
    for everywhere in EVERYWHERE:
        before, where, after = endpoint.url.partition(everywhere)
        if where and before.endswith(("//", "@")):
            return replace(endpoint, url=f"{before}{this_host.address()}:{after}")
    return endpoint


def place(service: Service, instance: Instance) -> tuple[str, int] | None:
    """Return a service's address and port, published or from its runtime; None without either."""
    if service.port in instance.ports:
        return instance.ports[service.port]
    urls = (urlsplit(one.url) for one in instance.endpoints if one.service == service.name)
    usual = {"http": 80, "https": 443, "ssh": 22}
    return next(
        ((url.hostname, url.port or usual.get(url.scheme, 0)) for url in urls if url.hostname),
        None,
    )


def to_open(instance: Instance) -> Endpoint | None:
    """Return the endpoint to show a person: the marked one, else a screen, else a web page."""
    marked = {service.name for service in services(instance) if service.open}

    def rank(endpoint: Endpoint) -> tuple[bool, bool, bool]:
        return (
            endpoint.service not in marked,
            endpoint not in instance.screens,
            endpoint.protocol not in ("http", "https"),
        )

    visual = [e for e in endpoints(instance) if e.protocol not in ("ssh", "tcp")]
    return min(visual, key=rank, default=None)


def quoted(path: str) -> str:
    """Return a path quoted for a URL: it may contain letters of any script."""
    rooted = path if path.startswith("/") else f"/{path}"  # otherwise it would join the host name
    return quote(rooted, safe="/%?&=+,;:@~!$'()*")


def _url(service: Service, address: str, port: int, user: str) -> str:
    host = f"[{address}]" if ":" in address else address
    who = f"{quote(user, safe='')}@" if service.protocol == "ssh" and user else ""
    path = quoted(service.path) if service.protocol in ("http", "https") else ""
    return f"{service.protocol}://{who}{host}:{port}{path}"
