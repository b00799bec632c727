"""Translate a plan into the arguments of `containers.create` that both SDKs share.

The seed reaches a container through its environment; the image's own init turns it into the file
`/run/abcd/seed`. Copying the file in from outside would take Podman 0.2 s, and a mount would leave
something on the host for every instance that is killed.
"""

from collections.abc import Container, Iterable
from typing import Any

from abcd_run.backend import container_rights, record
from abcd_run.model import Plan

UID = "ABCD_UID"
"""The variable that tells an image to give its user another uid than usual."""

CPU_PERIOD = 100_000
"""The scheduler's period in microseconds, as Docker and Podman use it."""

LIMITS = ("memory", "cpu", "pids")
"""What an engine can limit if its host supports it."""


def arguments(plan: Plan, *, ports: Iterable[int], limits: Container[str]) -> dict[str, Any]:
    """Return a plan as keyword arguments of `containers.create`, the same for both SDKs.

    Only those limits on memory, cpu and processes are passed that the engine can enforce.
    Whether setuid works is left to the caller: each SDK has its own argument for it.
    """
    resources, options, files = plan.resources, plan.options, container_rights.open_files()
    given = {
        "command": list(plan.command) or None,
        "name": plan.name,
        "hostname": plan.seed.hostname,
        "labels": record.labels(plan),
        "environment": plan.environment(),
        # Port 0 lets the engine choose a free one.
        "ports": {f"{port}/tcp": (plan.address, plan.ports.get(port, 0)) for port in ports},
        "network_mode": options.get("network"),
        "cap_add": options.get("cap_add"),
        "cap_drop": container_rights.dropped(options),
        "devices": options.get("devices", []),
        "init": options.get("init"),
        "shm_size": resources.shm,
        "ulimits": [{"Name": "nofile", "Soft": files, "Hard": files}],
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
    """Return the note on limits that an engine cannot enforce; empty if it enforces all."""
    *first, last = [limit for limit in LIMITS if limit not in limits] or [""]
    listed = f"{', '.join(first)} and {last}" if first else last
    why = f"{engine} has no delegated cgroup v2 here"
    return (f"{listed} limits are not enforced: {why}",) if listed else ()
