"""Ports of this host for a machine's services: VirtualBox forwards only what has a number."""

import socket

from abcd_run import host
from abcd_run.errors import PortTaken
from abcd_run.model import Plan


def chosen(plan: Plan) -> dict[int, int]:
    """Return a port of the host for each port inside. Raises `PortTaken`."""
    for port in plan.ports.values():
        _prove_free(plan.address, port)
    inside = list(dict.fromkeys(service.port for service in plan.services))
    free = host.free_ports(plan.address, len(inside))
    return {**dict(zip(inside, free, strict=True)), **plan.ports}


def _prove_free(address: str, port: int) -> None:
    """Look for somebody at a port: VirtualBox would start the machine without it."""
    try:
        socket.create_server((address, port)).close()
    except OSError as error:
        raise PortTaken(
            f"port {port} of {address} cannot be had",
            details=error.strerror or str(error),
            remedy="leave the port to abcd-run, or take another one from 1024 on",
        ) from error
