"""Machines as instances: what libvirt and QEMU know of them."""

import os
from pathlib import Path

import libvirt
import libvirt_qemu

from abcd_run.model import Endpoint, Instance
from abcd_run_libvirt import forwards, labels, place
from abcd_run_libvirt.errors import is_gone

RUNTIME = "libvirt"
STATES = {
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_BLOCKED: "blocked",
    libvirt.VIR_DOMAIN_PAUSED: "paused",
    libvirt.VIR_DOMAIN_SHUTDOWN: "going down",
    libvirt.VIR_DOMAIN_SHUTOFF: "off",
    libvirt.VIR_DOMAIN_CRASHED: "crashed",
    libvirt.VIR_DOMAIN_PMSUSPENDED: "asleep",
}
DEAD = {libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_CRASHED}
PRELAUNCH = '"prelaunch"'
"""QEMU's own word for a machine that has not begun to run."""


def instance(found: libvirt.virDomain, *, detail: bool) -> Instance | None:
    """Return a machine as an instance; None when it is not ours, or gone meanwhile."""
    try:
        noted = labels.read(found.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, labels.NAMESPACE))
        state, _reason = found.state()
        begun = state != libvirt.VIR_DOMAIN_PAUSED or _has_begun(found)
        machine_id, name = found.UUIDString(), found.name()
        ports = forwards.found(found) if detail else {}
    except libvirt.libvirtError as error:
        if is_gone(error) or error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN_METADATA:
            return None
        raise
    return Instance(
        name=name,
        runtime=RUNTIME,
        runtime_id=machine_id,
        labels=noted.labels,
        running=begun and state not in DEAD,
        state=STATES.get(state, "unknown") if begun else "created",
        ports=ports,
        password=noted.password,
        host_root=_owner(name) if detail else None,
        screens=_screens(place.place(machine_id)),
    )


def _has_begun(found: libvirt.virDomain) -> bool:
    answer = libvirt_qemu.qemuMonitorCommand(found, '{"execute":"query-status"}', 0)
    return PRELAUNCH not in answer


def _owner(name: str) -> int:
    """Return the uid of a machine's process, which is the most that root inside can become."""
    try:
        pid = (place.daemon() / "qemu" / "run" / f"{name}.pid").read_text().strip()
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:  # a session's machines are started as its user alone
        return os.getuid()


def _screens(there: place.Place) -> tuple[Endpoint, ...]:
    sockets = {protocol: there.screen(protocol) for protocol in ("spice", "vnc")}
    return tuple(
        Endpoint("screen", protocol, f"{protocol}+unix://{path}")
        for protocol, path in sockets.items()
        if path.exists()
    )


def destroy(found: libvirt.virDomain) -> None:
    """Switch a machine off; no-op when it is gone."""
    try:
        found.destroy()
    except libvirt.libvirtError as error:
        if not is_gone(error):
            raise
