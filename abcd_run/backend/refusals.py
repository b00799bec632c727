"""Interpret the refusals of container engines: they share much of their text."""

import errno
import re

from abcd_run.errors import (
    AbcdRunError,
    ArtifactError,
    LaunchFailed,
    NameTaken,
    PortTaken,
    UsageError,
)
from abcd_run.host import this_host
from abcd_run.model import Plan
from abcd_run.oci import registry
from abcd_run.units import format_size

_TAKEN_PORT = ("address already in use", "port is already allocated")
_TAKEN_NAME = ("is already in use", "already in use by")

_PORT = re.compile(
    r":(\d{1,5})(?:: bind\b| failed: port\b)"  # listen tcp 127.0.0.1:80: bind: address already …
    r"|\bhost port (?:for )?(?:[\d.]+|\[[^\]]*\]):(\d{1,5})"
    r"|\bbind port (\d{1,5}) \(",
    re.IGNORECASE,
)

GARBLED = (LookupError, TypeError, ValueError, AttributeError)
"""What parsing an engine's answer raises if it does not match the engine's interface."""

NO_ROOM = "no space left on device"


def meaning(
    text: str, *, engine: str, doing: str, otherwise: type[AbcdRunError] = LaunchFailed
) -> AbcdRunError:
    """Return what an engine's refusal means. Its status is often 500: only the text is specific."""
    brief = f"{engine} could not {doing}"
    if "privileged port" in text:
        remedy = "choose a port above 1023, or let the engine choose one"
        return LaunchFailed(f"{brief}: only root may use the port", details=text, remedy=remedy)
    if port_taken(text):
        remedy = "let the engine choose the port, or pick another one"
        brief = f"{brief}: the port is already in use"
        return PortTaken(brief, details=text, remedy=remedy, port=port_in(text))
    if any(sign in text for sign in _TAKEN_NAME):
        return NameTaken(f"{brief}: the name is already in use", details=text)
    if NO_ROOM in text:
        brief = f"{brief}: its storage is full"
    return otherwise(brief, details=text, remedy=what_helps(text, engine=engine))


def what_helps(text: str, *, engine: str, usual: str = "abcd-run doctor") -> str:
    """Return the remedy for an engine's failure: free some space if it is full, else the usual."""
    return f"{engine} system df; abcd-run prune; {engine} image prune" if NO_ROOM in text else usual


def not_pulled(reference: str, text: str, *, engine: str) -> ArtifactError:
    """Return the error for an image that an engine could not pull from its registry."""
    usual = "check the name and the network, or use the local image: --pull never"
    if registry.lacks_tls(text):
        usual = registry.PLAIN_HTTP
    return ArtifactError(
        f"{reference} could not be pulled",
        details=text,
        remedy=what_helps(text, engine=engine, usual=usual),
    )


def garbled(
    error: Exception, *, engine: str, doing: str, otherwise: type[AbcdRunError] = LaunchFailed
) -> AbcdRunError:
    """Return the error for an answer that cannot be parsed."""
    return otherwise(
        f"{engine} could not {doing}: its answer cannot be read",
        details=f"{type(error).__name__}: {error}",
        remedy="abcd-run doctor",
    )


def refuse_disk(plan: Plan, why: str) -> None:
    """Raise `UsageError` for a plan that sets a disk size, with the reason `why` it cannot."""
    if plan.resources.disk:
        raise UsageError(
            f"resources.disk: {why}",
            details=f"{format_size(plan.resources.disk)} was requested",
            remedy=f"remove resources.disk from {plan.profile or 'the request'}, or use another"
            " runtime: abcd-run runtimes",
        )


def port_taken(text: str) -> bool:
    """Say whether an engine's refusal means that the port is already in use."""
    return any(sign in text.lower() for sign in _TAKEN_PORT)


def port_in(text: str) -> int | None:
    """Return the host port that an engine's refusal names; None if it names none."""
    match = _PORT.search(text)
    return int(next(filter(None, match.groups()))) if match else None


def not_listening(address: str, port: int, *, engine: str, details: str) -> LaunchFailed:
    """Return why an engine that gives no reason could not listen on a port; 0 is any port."""
    problem = this_host.bind_problem(address, port)
    if problem in (errno.EACCES, errno.EPERM):
        return LaunchFailed(
            f"{engine} cannot listen on port {port}: only root may use it",
            details=details,
            remedy="choose a port above 1023, or let abcd-run choose one",
        )
    if problem not in (0, errno.EADDRINUSE):
        return LaunchFailed(
            f"{engine} cannot listen on {address}",
            details=details,
            remedy="use an address of this host: --address",
        )
    return PortTaken(
        f"port {port} on {address} is already in use" if port else f"{engine} got no host port",
        details=details,
        remedy="let abcd-run choose the port, or pick another one",
        port=port or None,
    )
