"""What a pod cannot have, refused before anything is fetched or pushed."""

import socket

from abcd_run.backend.refusals import not_listening
from abcd_run.backend.vm import refuse_shares
from abcd_run.model import Plan
from abcd_run_kubernetes.reach import FORWARD, Way


def check(plan: Plan, way: Way) -> None:
    """Raise `UsageError`, or `LaunchFailed` for an address that is not this host's."""
    refuse_shares(
        plan,
        "a pod is on another computer, which has no folders of this host",
        instead="copy files in and out: abcd-run cp",
    )
    if way.by == FORWARD:
        _listen(plan.address, 0)


def prove_free(plan: Plan, way: Way) -> None:
    """Raise `PortTaken` if a port that the user chose is not free: before anything is created."""
    for port in plan.ports.values() if way.by == FORWARD else ():
        _listen(plan.address, port)


def _listen(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        raise not_listening(address, port, engine="kubernetes", details=str(error)) from error
