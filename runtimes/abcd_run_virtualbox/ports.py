"""Choose host ports for a machine's services: VirtualBox forwards only fixed port numbers."""

import os

from abcd_run.backend import refusals
from abcd_run.host import this_host
from abcd_run.model import Plan


def chosen(plan: Plan) -> dict[int, int]:
    """Return a host port for each port inside. Raises `PortTaken` or `LaunchFailed`."""
    for port in plan.ports.values():
        _prove_free(plan.address, port)
    inside = list(dict.fromkeys(service.port for service in plan.services))
    free = this_host.free_ports(plan.address, len(inside))
    return {**dict(zip(inside, free, strict=True)), **plan.ports}


def _prove_free(address: str, port: int) -> None:
    """Check that a port is free: otherwise VirtualBox would start the machine without it."""
    if problem := this_host.bind_problem(address, port):
        details = os.strerror(problem)
        raise refusals.not_listening(address, port, engine="VirtualBox", details=details)
