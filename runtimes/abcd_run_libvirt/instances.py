"""Present machines as instances, from what libvirt and QEMU know about them."""

import libvirt

from abcd_run.backend import record
from abcd_run.errors import LaunchFailed
from abcd_run.model import SILENT, SUSPENDED, Endpoint, Instance, RootHeld
from abcd_run_libvirt import folder, labels, ports, processes
from abcd_run_libvirt.errors import is_gone
from abcd_run_libvirt.processes import Process

RUNTIME = "libvirt"
STATES = {
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_BLOCKED: "blocked",
    libvirt.VIR_DOMAIN_PAUSED: SUSPENDED,
    libvirt.VIR_DOMAIN_SHUTDOWN: "going down",
    libvirt.VIR_DOMAIN_SHUTOFF: "off",
    libvirt.VIR_DOMAIN_CRASHED: "crashed",
    libvirt.VIR_DOMAIN_PMSUSPENDED: "asleep",
}
DEAD = {libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_CRASHED}


def instance(domain: libvirt.virDomain, process: Process | None) -> Instance | None:
    """Return a machine as an instance; None if it is not ours or has gone meanwhile.

    If the facts are already noted, QEMU itself is not asked: a stopped QEMU would block the
    caller.
    """
    try:
        machine_id, name = domain.UUIDString(), domain.name()
        noted = labels.read(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, labels.NAMESPACE))
        state, _reason = domain.state()
    except ValueError:  # another program wrote it
        return None
    except libvirt.libvirtError as error:
        if is_gone(error) or error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN_METADATA:
            return None
        raise
    begun = noted.begun or state != libvirt.VIR_DOMAIN_PAUSED
    stopped = process is not None and process.stopped
    suspended = begun and state == libvirt.VIR_DOMAIN_PAUSED
    said = STATES.get(state, "unknown") if begun else "created"
    return Instance(
        name=name,
        runtime=RUNTIME,
        runtime_id=machine_id,
        labels=noted.labels,
        running=begun and state not in DEAD,
        state=SILENT if stopped else said,
        ports=noted.ports or _unnoted_ports(domain, noted, process),
        password=noted.password,
        host_root=process.uid if process else None,
        root=RootHeld.USER if process else RootHeld.UNKNOWN,
        screens=_screens(folder.of(machine_id)),
        silent=stopped or suspended,
        began=begun,
    )


def _unnoted_ports(
    domain: libvirt.virDomain, noted: labels.Noted, process: Process | None
) -> dict[int, tuple[str, int]]:
    """Ask QEMU for the ports of a machine that was made by hand from a dry run's lines."""
    answers = process is not None and not process.stopped
    if not answers or not record.read(noted.labels).services:
        return {}
    try:
        return ports.forwarded(domain)
    except LaunchFailed:  # the machine has ended meanwhile
        return {}


def note(domain: libvirt.virDomain, noted: labels.Noted) -> None:
    """Store what is now known about a machine in its metadata."""
    kind, live = libvirt.VIR_DOMAIN_METADATA_ELEMENT, libvirt.VIR_DOMAIN_AFFECT_LIVE
    domain.setMetadata(kind, labels.text(noted), labels.PREFIX, labels.NAMESPACE, live)


def noted(domain: libvirt.virDomain) -> labels.Noted:
    """Return what is stored in the metadata of one of our machines."""
    kind = libvirt.VIR_DOMAIN_METADATA_ELEMENT
    return labels.read(domain.metadata(kind, labels.NAMESPACE))


def _screens(there: folder.Folder) -> tuple[Endpoint, ...]:
    """Return the machine's screen; a second protocol for the same one goes by its own name."""
    protocols = [one for one in ("spice", "vnc") if there.screen(one).exists()]
    names = ("screen", *protocols[1:])
    return tuple(
        Endpoint(name, protocol, f"{protocol}+unix://{there.screen(protocol)}")
        for name, protocol in zip(names, protocols, strict=False)
    )


def check_answers(name: str, machine_id: str) -> None:
    """Raise `LaunchFailed` for a machine that would never answer."""
    process = processes.running().get(machine_id)
    if process and process.stopped:
        raise LaunchFailed(
            f"{name} does not answer: its process {process.pid} is stopped",
            remedy=f"kill -CONT {process.pid}, or abcd-run stop {name}",
        )


def destroy(domain: libvirt.virDomain) -> None:
    """Switch a machine off, by killing its process if libvirt fails; no-op if it is gone."""
    try:
        domain.destroy()
    except libvirt.libvirtError as error:
        process = None if is_gone(error) else processes.running().get(domain.UUIDString())
        if process:
            processes.end(process)
        elif not is_gone(error):
            raise


def end_silent(machine_id: str) -> None:
    """Kill a machine's process if it is stopped: libvirt would wait 15 seconds for it."""
    process = processes.running().get(machine_id)
    if process and process.stopped:
        processes.end(process)
