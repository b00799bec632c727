"""A plan as the arguments of `containers.create`, which both SDKs take alike.

The seed reaches a container as its environment; the image's own init turns that into the file
`/run/abcd/seed`. Putting the file there from outside takes Podman 0.2 s, and a mount would leave
something on the host for every instance that is killed.
"""

from collections.abc import Container, Iterable
from typing import Any

from abcd_run.backend import container_rights, record
from abcd_run.model import Plan

UID = "ABCD_UID"
"""The variable by which an image learns that its user shall not have the usual uid."""

CPU_PERIOD = 100_000
"""Microseconds of the scheduler's period, as Docker and Podman use it."""

LIMITS = ("memory", "cpu", "pids")
"""What an engine can limit where its host lets it."""


def arguments(plan: Plan, *, ports: Iterable[int], limits: Container[str]) -> dict[str, Any]:
    """Return a plan as keyword arguments of `containers.create`, the same for both SDKs.

    Of the limits on memory, cpu and processes only those are passed that the engine can enforce.
    Whether setuid gives rights each SDK says in its own way.
    """
    resources, options = plan.resources, plan.options
    given = {
        "command": list(plan.command) or None,
        "name": plan.name,
        "hostname": plan.seed.hostname,
        "labels": record.labels(plan),
        "environment": plan.environment(),
        # Port 0 makes the engine choose a free one.
        "ports": {f"{port}/tcp": (plan.address, plan.ports.get(port, 0)) for port in ports},
        "network_mode": options.get("network"),
        "cap_add": options.get("cap_add"),
        "cap_drop": container_rights.dropped(options),
        "devices": options.get("devices", []),
        "init": options.get("init"),
        "shm_size": resources.shm,
    }
    if "memory" in limits:
        given["mem_limit"] = resources.memory
    if resources.cpus and "cpu" in limits:
        given["cpu_period"] = CPU_PERIOD
        given["cpu_quota"] = int(resources.cpus * CPU_PERIOD)
    if "pids" in limits:
        given["pids_limit"] = container_rights.PIDS
    return {key: value for key, value in given.items() if value is not None}


def unlimited(limits: Container[str], *, engine: str) -> tuple[str, ...]:
    """Return the note on limits that an engine cannot enforce, none where it enforces all."""
    *first, last = [limit for limit in LIMITS if limit not in limits] or [""]
    listed = f"{', '.join(first)} and {last}" if first else last
    why = f"{engine} has no delegated cgroup v2 here"
    return (f"{listed} limits are not enforced: {why}",) if listed else ()
