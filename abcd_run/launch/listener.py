"""Know who listens at an instance's address before its password is sent there.

When what publishes a port has died (podman's `rootlessport`, a proxy), any user of the host may
listen in its place. So the listener must be a process of this user, or of those whom the runtime
names in `Instance.publishers`; one that is unknown is a stranger.

What lies at an address that is not this host's has no listener here, and is not looked at: LXD's
instances that publish nothing are reached at their bridge's addresses, which other users cannot
take. Where the kernel never says whose a socket is, nothing can be known.
"""

from urllib.parse import urlsplit

from abcd_run.errors import LaunchFailed
from abcd_run.host import sockets, this_host
from abcd_run.model import Endpoint, Instance

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}  # noqa: S104
"""Addresses to listen at, and where on this host that is asked for."""


def stranger(instance: Instance, at: sockets.Address) -> str:
    """Return who listens at an address in an instance's place, empty if nobody does."""
    address = (EVERYWHERE.get(at[0], at[0]), at[1])
    if not sockets.IS_TOLD or not sockets.is_here(address[0]):
        return ""
    uid = sockets.listener(address)
    if uid in {this_host.user(), *instance.publishers}:
        return ""
    return "an unknown process" if uid is None else f"uid {uid} of this host"


def check(instance: Instance, endpoint: Endpoint) -> None:
    """Raise `LaunchFailed` when a stranger listens at an endpoint's address."""
    parts = urlsplit(endpoint.url)
    if not parts.hostname or parts.port is None:
        return
    if who := stranger(instance, (parts.hostname, parts.port)):
        raise LaunchFailed(
            f"{instance.name}: the listener at {parts.netloc} is {who}, not the instance",
            details="the process that published its port has ended; the password was not sent",
            remedy=f"abcd-run stop {instance.name}, and launch it again",
        )
