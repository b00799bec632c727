"""Set and read the port forwards of a machine's user-mode network, through QEMU's monitor."""

import re

import libvirt
import libvirt_qemu

from abcd_run.backend import refusals
from abcd_run.errors import LaunchFailed
from abcd_run.model import Plan
from abcd_run_libvirt.errors import translated
from abcd_run_libvirt.hardware import NETWORK

_LINE = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)")


def commands(plan: Plan) -> list[str]:
    """Return the monitor commands for a plan's ports; port 0 lets the kernel choose one."""
    address = "" if plan.address == "0.0.0.0" else plan.address  # noqa: S104
    return [
        f"hostfwd_add {NETWORK} tcp:{address}:{plan.ports.get(port, 0)}-:{port}"
        for port in _inside(plan)
    ]


def _inside(plan: Plan) -> list[int]:
    return list(dict.fromkeys(service.port for service in plan.services))


def add(domain: libvirt.virDomain, plan: Plan) -> None:
    """Forward the ports of a plan. Raises `PortTaken`, or `LaunchFailed`."""
    for port, command in zip(_inside(plan), commands(plan), strict=True):
        # QEMU answers with nothing on success, else with a sentence.
        if answer := _told(domain, command).strip():
            raise refused(plan, port, answer)


def refused(plan: Plan, inside: int, answer: str) -> LaunchFailed:
    """Return the error for a port that QEMU could not forward; QEMU does not say why."""
    if "Could not set up host forwarding" in answer:
        port = plan.ports.get(inside, 0)
        return refusals.not_listening(plan.address, port, engine="QEMU", details=answer)
    return LaunchFailed("QEMU could not forward a port", details=answer)


def forwarded(domain: libvirt.virDomain) -> dict[int, tuple[str, int]]:
    """Return the address and port on the host for each forwarded port inside."""
    return parsed(_told(domain, "info usernet"))


def parsed(text: str) -> dict[int, tuple[str, int]]:
    """Parse QEMU's report on its user-mode network; `*` means every address."""
    return {
        int(inside): ("0.0.0.0" if address == "*" else address, int(port))  # noqa: S104
        for address, port, _guest, inside in _LINE.findall(text)
    }


def _told(domain: libvirt.virDomain, command: str) -> str:
    with translated("talk to QEMU"):
        flag = libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP
        return str(libvirt_qemu.qemuMonitorCommand(domain, command, flag))
