"""The runtime for virtual machines of the user's libvirt."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import libvirt

from abcd_run.backend import vm, vm_console, vm_seed, vm_ssh
from abcd_run.errors import AbcdRunError, LaunchFailed, NameTaken, NoRuntime
from abcd_run.model import Artifact, Instance, Origin, Plan
from abcd_run.runtime import Probe, Problem, Runtime, Say
from abcd_run_libvirt import (
    accel,
    folder,
    hardware,
    images,
    instances,
    native,
    ports,
    processes,
    translate,
)
from abcd_run_libvirt.errors import is_gone, translated
from abcd_run_libvirt.picture import Pieces, png
from abcd_run_libvirt.service import version

LOOPBACK = (
    "machines can reach the services on this host's loopback as you, through 10.0.2.2; "
    "--set on.libvirt.network=isolated leaves them only their published ports"
)
NO_ISO = Path("/none.iso")
"""Placeholder in a design for an ISO that does not exist yet."""

FOLLOW_SECONDS = 0.2
"""How often a console's log is checked for new output."""


class LibvirtRuntime(Runtime):
    """The libvirt of this user."""

    name = instances.RUNTIME

    def __init__(self, connections: Sequence[libvirt.virConnect]) -> None:
        self._connections = connections
        self._connection = connections[0]
        """The connection for new instances."""

    @cached_property
    def _able(self) -> hardware.Abilities:
        kvm = not accel.kvm_problem()
        with translated("report its capabilities", otherwise=NoRuntime):
            described = self._connection.getDomainCapabilities(
                None, "x86_64", "q35", "kvm" if kvm else "qemu"
            )
        return hardware.abilities(described, kvm=kvm)

    def probe(self) -> Probe:
        """See the contract."""
        try:
            with translated("report its version", otherwise=NoRuntime):
                said = version(self._connection)
            self._able  # noqa: B018  (asked now, so that no launch fails because of it)
        except AbcdRunError as error:
            details = f": {error.details}" if error.details else ""
            return Probe(problem=Problem(error.message + details, error.remedy))
        problem = accel.kvm_problem()
        notes = (f"{problem}: {accel.COST}",) if problem else ()
        return Probe(version=said, notes=notes, advice=(LOOPBACK,))

    def check(self, plan: Plan) -> None:
        """See the contract."""
        vm.check(plan, engine=self.name)
        if plan.source.origin is Origin.ISO:
            vm.refuse_shares(
                plan,
                f"no published ISO is known to mount shared folders: {plan.variant}",
                instead="share by ssh",
            )
        design = self._design(plan, str(uuid.uuid4()), NO_ISO)
        hardware.check_memory(design.hardware, plan.resources.memory)
        translate.xml(design)  # raises for characters that XML cannot hold

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """See the contract: all machines boot the same ISO in place."""
        del pull
        assert artifact.path is not None
        say("reading the ISO's kernel")
        images.kernel_of(artifact.path)
        return str(artifact.path)

    def create(self, plan: Plan, image: str) -> str:
        """See the contract: the machine exists, but its processors are paused."""
        machine_id = str(uuid.uuid4())
        design = self._design(plan, machine_id, Path(image))
        with folder.made(machine_id) as there:
            vm_seed.write_seed(plan, there.seed)
            flags = libvirt.VIR_DOMAIN_START_PAUSED | libvirt.VIR_DOMAIN_START_VALIDATE
            try:
                with translated(f"create {plan.name}"):
                    made = self._connection.createXML(translate.xml(design), flags)
            except NameTaken as error:
                error.remedy = f"abcd-run stop {plan.name}, or choose another --name"
                raise
            try:
                ports.add(made, plan)
                with translated("record its ports"):
                    noted = replace(instances.noted(made), ports=ports.forwarded(made))
                    instances.note(made, noted)
            except BaseException:
                instances.destroy(made)
                raise
        return machine_id

    def _design(self, plan: Plan, machine_id: str, iso: Path) -> translate.Design:
        parts = hardware.choose(plan.options, self._able)
        # An ISO that the user still has to make has no extracted kernel: boot its menu.
        kernel = None
        if parts.boot == "direct" and iso.exists():
            kernel = images.kernel_of(iso, unpacked=images.is_unpacked(plan, parts))
        return translate.Design(machine_id, plan, iso, parts, folder.of(machine_id), kernel)

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        with translated("start the machine"):
            domain = self._connection.lookupByUUIDString(runtime_id)
            domain.resume()
            instances.note(domain, replace(instances.noted(domain), begun=True))
            instance = instances.instance(domain, processes.running().get(runtime_id))
        if instance is None:
            raise LaunchFailed("the machine ended right after it started")
        return instance

    def restart(self, runtime_id: str) -> Instance:
        """See the contract: a machine keeps nothing but its home; it boots anew."""
        with translated("restart the machine"):
            domain = self._there(runtime_id)
            instances.check_answers(domain.name(), runtime_id)
            domain.reset()
        (instance,) = self.instances(runtime_id)
        return instance

    def suspend(self, runtime_id: str) -> None:
        """See the contract."""
        with translated("suspend the machine"):
            self._there(runtime_id).suspend()

    def resume(self, runtime_id: str) -> None:
        """See the contract."""
        with translated("resume the machine"):
            self._there(runtime_id).resume()

    def _there(self, key: str) -> libvirt.virDomain:
        """Return a machine, on whichever connection. Raises `LaunchFailed` if it is gone."""
        for domain in self._one(key):
            return domain
        raise LaunchFailed("the machine is gone", remedy="abcd-run ps")

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        del detail  # full details cost nothing
        with translated("list its machines", otherwise=NoRuntime):
            domains = self._one(only) if only else self._all()
            known = processes.running() if domains else {}
            described = [
                instances.instance(domain, known.get(domain.UUIDString())) for domain in domains
            ]
        return [instance for instance in described if instance is not None]

    def _all(self) -> list[libvirt.virDomain]:
        return [
            domain for connection in self._connections for domain in connection.listAllDomains()
        ]

    def _one(self, key: str) -> list[libvirt.virDomain]:
        for connection in self._connections:
            for look_up in (connection.lookupByUUIDString, connection.lookupByName):
                try:
                    return [look_up(key)]
                except libvirt.libvirtError as error:
                    if not is_gone(error) and error.get_error_code() != libvirt.VIR_ERR_INVALID_ARG:
                        raise
        return []

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        instances.end_silent(runtime_id)
        with translated("remove the machine"):
            for domain in self._one(runtime_id):
                instances.destroy(domain)
        folder.of(runtime_id).remove()

    def prune(self) -> None:
        """See the contract."""
        folders = folder.finished()
        with translated("list its machines", otherwise=NoRuntime):
            known = {domain.UUIDString() for domain in self._all()}
        # A running machine may belong to a daemon that we cannot reach: it keeps its folder.
        known |= processes.running().keys()
        for finished in folders:
            if finished.path.name not in known:
                finished.remove()

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """See the contract."""
        instances.check_answers(instance.name, instance.runtime_id)
        known_hosts = folder.of(instance.runtime_id).known_hosts
        return vm_ssh.line(instance, command, user=user, tty=tty, known_hosts=known_hosts)

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        path = folder.of(instance.runtime_id).log
        return vm_console.of(instance, path, self, follow=follow, pause=FOLLOW_SECONDS)

    def screenshot(self, instance: Instance) -> bytes:
        """See the contract."""
        instances.check_answers(instance.name, instance.runtime_id)
        pieces = Pieces()
        with translated("take a screenshot"):
            (domain,) = self._one(instance.runtime_id)
            stream = domain.connect().newStream()
            domain.screenshot(stream, 0)
            stream.recvAll(pieces, None)
            stream.finish()
        return png(pieces.all())

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        iso, first = vm.iso_by_hand(plan, artifact)
        design = self._design(plan, str(uuid.uuid4()), iso)
        commands, seed = ports.commands(plan), vm_seed.seed_files(plan)
        return "\n".join([*first, native.lines(design, commands=commands, seed=seed)])
