"""What a hypervisor is told about a machine, whatever its own words for that are."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from abcd_run.visible import visible

if TYPE_CHECKING:
    from abcd_run.model import Plan

MIB: Final = 1 << 20
MEMORY: Final = 1 << 30
"""Bytes for a machine whose image does not say what it needs, as on libvirt."""

LEAST_FOR_UEFI: Final = 320
"""MiB that GRUB needs to load a kernel under UEFI."""

STEP: Final = 4
"""VMware takes multiples of this many MiB."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine's name, memory in MiB and processors, and what people should know about it."""

    name: str
    memory: int
    cpus: int
    notes: tuple[str, ...]


def of(plan: Plan) -> Machine:
    """Return the machine that a plan's image asks for."""
    wanted = plan.resources
    return Machine(
        name=re.sub(r"[^A-Za-z0-9._-]+", "-", plan.image).strip("-.")[:60] or "machine",
        memory=_up(math.ceil((wanted.memory or MEMORY) / MIB)),
        cpus=max(1, math.ceil(wanted.cpus or 1)),
        notes=(*_about(plan),),
    )


def for_uefi(machine: Machine) -> int:
    """Return the MiB of a machine that starts by UEFI."""
    return max(machine.memory, LEAST_FOR_UEFI)


def _about(plan: Plan) -> list[str]:
    first = f"{plan.image}: a live system that keeps nothing when it is switched off."
    named = [f"{visible(one.name)}: port {one.port} ({one.protocol})" for one in plan.services]
    ports = [f"Inside: {', '.join(named)}."] if named else []
    login = "Without a seed it makes its own password and shows it on its screen and serial port."
    return [visible(first), *ports, login]


def _up(memory: int) -> int:
    return -(-memory // STEP) * STEP
