"""A plan in Docker's words."""

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

    `uid` is the one inside that is the launching user's, empty where nobody asks.
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
    """Return the options of `docker run` that Podman does not have alike."""
    return ["--env", f"{oci_arguments.UID}={uid}"] if uid else []


def _with_free_ports(plan: Plan, ports: Sequence[int]) -> Plan:
    """Return the plan with ports that the kernel names.

    Docker would try them one after the other, from where everybody's Docker begins. When one is
    taken, maybe by our own question to another instance's page, it has been seen to stand still
    for 16 s, with all its containers.
    """
    try:
        free = this_host.free_ports(plan.address, len(ports))
    except OSError:  # not an address of this host: Docker may know it, or says what is wrong
        return plan
    return replace(plan, ports={**dict(zip(ports, free, strict=True)), **plan.ports})
