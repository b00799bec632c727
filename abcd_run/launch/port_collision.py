"""Whose choice a port of the host was that somebody else has: `--publish` is blamed for its own."""

import errno

from abcd_run.errors import PortTaken
from abcd_run.host import this_host
from abcd_run.model import Plan


def of_fixed_port(plan: Plan, error: PortTaken) -> PortTaken | None:
    """Return the error for a port that the user fixed, None where it was any other port.

    An engine that does not say which port it meant is not believed to mean the user's, unless
    somebody is seen there.
    """
    port = _seen(plan) if error.port is None else error.port
    inside = next((inside for inside, fixed in plan.ports.items() if fixed == port), None)
    if inside is None:
        return None
    names = [service.name for service in plan.services if service.port == inside]
    return PortTaken(
        f"host port {_address(plan.address)}:{port} is already in use",
        details="\n".join(filter(None, [error.message, error.details])),
        remedy=f"--publish {names[0] if names else inside} for a free one",
        port=port,
    )


def _seen(plan: Plan) -> int | None:
    """Return the first fixed port at which somebody else listens now."""
    taken = (
        port
        for port in plan.ports.values()
        if this_host.bind_problem(plan.address, port) == errno.EADDRINUSE
    )
    return next(taken, None)


def _address(address: str) -> str:
    return f"[{address}]" if ":" in address else address
