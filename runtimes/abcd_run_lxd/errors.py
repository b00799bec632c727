"""Translate LXD's errors into abcd-run's."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from pylxd.exceptions import ClientConnectionFailed, LXDAPIException

from abcd_run.backend import refusals
from abcd_run.errors import AbcdRunError, LaunchFailed, NameTaken, NoAnswer, NoRuntime, PortTaken

DOWN = "sudo systemctl start lxd.socket; lxc info"

# LXD says the second while the instance with that name is still starting.
_TAKEN_NAME = ("already exists", "creating instance record: Instance is busy")
_BUSY = ("is busy running", "Instance is busy")
_OTHER_STATE = ("is running", "is already stopped", "already stopped", "is not running")
_REMEDIES = {
    "No space left": "lxc storage list, then abcd-run prune",
    "torage pool not found": "lxc storage list",
    "etwork not found": "lxc network list",
    "low-level config": "ask the administrator for restricted.containers.lowlevel=allow",
    "newuidmap": "abcd-run doctor",
    "idmapping abilities": "leave out --share, or share by raw.idmap: see docs/runtimes.md",
    "Proxy devices are forbidden": "ask the administrator for restricted.devices.proxy=allow",
}


@contextmanager
def translated(doing: str, *, otherwise: type[AbcdRunError] = LaunchFailed) -> Iterator[None]:
    """Turn what pylxd raises while `doing` something into abcd-run's errors."""
    try:
        yield
    except LXDAPIException as error:
        raise meaning(str(error), doing=doing, otherwise=otherwise) from error
    except (ClientConnectionFailed, requests.RequestException) as error:
        slow = is_slow(error)
        said = "it does not answer in time" if slow else "it is down, or this user may not use it"
        kind = NoAnswer if slow else NoRuntime
        raise kind(f"lxd could not {doing}: {said}", details=str(error), remedy=DOWN) from error
    except refusals.GARBLED as error:
        raise refusals.garbled(error, engine="lxd", doing=doing, otherwise=otherwise) from error


def meaning(text: str, *, doing: str, otherwise: type[AbcdRunError] = LaunchFailed) -> AbcdRunError:
    """Return what a refusal means. Its status is mostly 400 or 500: only the text is specific."""
    brief = f"lxd could not {doing}"
    if refusals.port_taken(text):
        remedy = "let abcd-run choose the port, or pick another one"
        port = refusals.port_in(text)
        return PortTaken(
            f"{brief}: the port is already in use", details=text, remedy=remedy, port=port
        )
    if any(sign in text for sign in _TAKEN_NAME):
        remedy = "choose another --name"
        return NameTaken(f"{brief}: the name is already in use", details=text, remedy=remedy)
    remedy = next((remedy for sign, remedy in _REMEDIES.items() if sign in text), "abcd-run doctor")
    return otherwise(brief, details=text, remedy=remedy)


def is_slow(error: Exception) -> bool:
    """Say whether LXD is running but did not answer in time."""
    return isinstance(error, requests.Timeout) or "timed out" in str(error)


def is_busy(error: LXDAPIException) -> bool:
    """Say whether LXD refuses because another operation on the same instance is running."""
    return any(sign in str(error) for sign in _BUSY)


def passes(error: LXDAPIException) -> bool:
    """Say whether to retry: LXD was busy, or the instance was changing state."""
    return is_busy(error) or any(sign in str(error) for sign in _OTHER_STATE)
