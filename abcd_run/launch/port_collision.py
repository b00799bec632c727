"""Find out who chose a host port that is in use: blame `--publish` only for its own ports."""

import errno

from abcd_run.errors import PortTaken
from abcd_run.host import this_host
from abcd_run.model import Plan


def of_fixed_port(plan: Plan, error: PortTaken) -> PortTaken | None:
    """Return the error for a port that the user fixed, None for any other port.

    If the engine does not say which port it meant, blame the user's port only if it is in use.
    """
    port = _port_in_use(plan) if error.port is None else error.port
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


def _port_in_use(plan: Plan) -> int | None:
    """Return the first fixed port that is in use now."""
    taken = (
        port
        for port in plan.ports.values()
        if this_host.bind_problem(plan.address, port) == errno.EADDRINUSE
    )
    return next(taken, None)


def _address(address: str) -> str:
    return f"[{address}]" if ":" in address else address
