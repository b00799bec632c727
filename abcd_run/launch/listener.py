"""Check who listens at an instance's address before sending its password there.

When the process that publishes a port dies (podman's `rootlessport`, a proxy), any user of the
host may listen in its place. So the listener must be a process of this user, or of a user that the
runtime names in `Instance.publishers`; an unknown one counts as a stranger.

An address outside this host has no listener here and is not checked: LXD instances that publish
nothing are reached at their bridge's addresses, which other users cannot take. Where the kernel
never tells who owns a socket, nothing can be checked.
"""

from urllib.parse import urlsplit

from abcd_run.errors import LaunchFailed
from abcd_run.host import sockets, this_host
from abcd_run.model import Endpoint, Instance

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}  # noqa: S104
"""Wildcard addresses to listen at, and the address that reaches them on this host."""


def stranger(instance: Instance, at: sockets.Address) -> str:
    """Return who listens at an address in an instance's place; empty if nobody does."""
    address = (EVERYWHERE.get(at[0], at[0]), at[1])
    if not sockets.IS_TOLD or not sockets.is_here(address[0]):
        return ""
    uid = sockets.listener(address)
    if uid in {this_host.user(), *instance.publishers}:
        return ""
    return "an unknown process" if uid is None else f"uid {uid} of this host"


def check(instance: Instance, endpoint: Endpoint) -> None:
    """Raise `LaunchFailed` if a stranger listens at an endpoint's address."""
    parts = urlsplit(endpoint.url)
    if not parts.hostname or parts.port is None:
        return
    if who := stranger(instance, (parts.hostname, parts.port)):
        raise LaunchFailed(
            f"{instance.name}: the listener at {parts.netloc} is {who}, not the instance",
            details="the process that published its port has ended; the password was not sent",
            remedy=f"abcd-run stop {instance.name}, then launch it again",
        )
