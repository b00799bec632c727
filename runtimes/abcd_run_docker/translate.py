"""Translate a plan into Docker's arguments."""

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Any

from docker.types import Mount

from abcd_run.backend import container_rights, oci_arguments
from abcd_run.host import this_host
from abcd_run.model import Plan


def arguments(
    plan: Plan, *, ports: Sequence[int], limits: Container[str], uid: str
) -> dict[str, Any]:
    """Return a plan as keyword arguments of `containers.create`.

    `uid` is the uid that the launching user has inside; empty if the plan does not need it.
    """
    plan = _with_free_ports(plan, ports)
    given = oci_arguments.arguments(plan, ports=ports, limits=limits)
    if not container_rights.gains_rights(plan.options):
        given["security_opt"] = ["no-new-privileges:true"]
    given["mounts"] = [
        Mount(share.target, str(share.source), type="bind", read_only=share.read_only)
        for share in plan.shares
    ]
    if uid:
        given["environment"][oci_arguments.UID] = uid
    return given


def options(uid: str) -> list[str]:
    """Return the options of `docker run` that differ from Podman's."""
    return ["--env", f"{oci_arguments.UID}={uid}"] if uid else []


def _with_free_ports(plan: Plan, ports: Sequence[int]) -> Plan:
    """Return the plan with free ports that the kernel chose.

    Docker would try ports one by one, starting where every Docker starts. When a port is taken,
    perhaps by our own request to another instance's page, Docker has been seen to stall for 16 s,
    with all its containers.
    """
    try:
        free = this_host.free_ports(plan.address, len(ports))
    except OSError:  # not an address of this host: Docker may know it, or reports the problem
        return plan
    return replace(plan, ports={**dict(zip(ports, free, strict=True)), **plan.ports})
