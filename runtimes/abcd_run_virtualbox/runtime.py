"""The runtime for VirtualBox."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from abcd_run.backend import vm, vm_console, vm_seed, vm_ssh
from abcd_run.errors import AbcdRunError, LaunchFailed, NoRuntime, UsageError
from abcd_run.host import scratch, this_host
from abcd_run.limits import PICTURE_BYTES
from abcd_run.model import SUSPENDED, Artifact, Instance, Plan
from abcd_run.runtime import Probe, Problem, Runtime, Say
from abcd_run.units import format_size
from abcd_run_virtualbox import (
    driver,
    instances,
    native,
    parse,
    paths,
    ports,
    removal,
    start,
    translate,
)
from abcd_run_virtualbox.errors import Refused
from abcd_run_virtualbox.service import CALL, Manage, calls
from abcd_run_virtualbox.translate import Machine

OLDEST = (6, 1, 0)
FOLLOW_SECONDS = 0.3


class VirtualBoxRuntime(Runtime):
    """The VirtualBox of this user."""

    name = "virtualbox"

    def __init__(self, manage: Manage) -> None:
        self._manage = manage
        self._folders: dict[str, Path] = {}

    def probe(self) -> Probe:
        """See the contract."""
        try:
            said = self._manage("--version", doing="report its version")
        except AbcdRunError as error:
            details = f": {error.details}" if error.details else ""
            return Probe(problem=Problem(error.message + details, error.remedy))
        version = parse.version(said)
        if version is None or version < OLDEST:
            return Probe(problem=Problem(f"too old: {said.strip()}", paths.remedy()))
        text = ".".join(map(str, version))
        if driver.arm():
            remedy = "use a computer with an Intel or AMD processor"
            return Probe(
                text, Problem("this Mac has an ARM processor, but images are for x86", remedy)
            )
        rootful = Problem("its machines run as root", "run abcd-run as an ordinary user")
        return Probe(
            version=text,
            notes=driver.notes(version),
            advice=driver.advice(version),
            rootful=rootful if _is_root() else None,
        )

    def check(self, plan: Plan) -> None:
        """See the contract."""
        vm.refuse_shares(
            plan,
            "no image is known to mount VirtualBox's shared folders",
            instead="copy by ssh (scp)",
        )
        if plan.options.get("display") == "window" and not this_host.has_display():
            raise UsageError(
                "there is no display here for VirtualBox's window",
                remedy="--set display=vnc, or nothing: abcd-run screenshot shows the screen",
            )
        vm.check(plan, engine=self.name)

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """See the contract."""
        del pull, say  # VirtualBox uses the file in place
        assert artifact.path is not None
        return str(artifact.path.absolute())

    def create(self, plan: Plan, image: str) -> str:
        """See the contract."""
        there = self._place(plan, Path(image))
        said = self._manage(*translate.creation(plan), doing=f"create {plan.name}")
        uuid = parse.created(said) or plan.name
        try:
            vm_seed.write_seed(plan, there.seed)
            for line in translate.shape(plan, there, uuid):
                self._manage.patiently(*line, doing=f"create {plan.name}")
            self._close(plan, uuid)
            if there.screen:
                line = translate.screen(plan, there, uuid)
                self._manage.secretly(*line, doing="open its screen")
        except BaseException:
            removal.remove(self._manage, uuid)
            raise
        return uuid

    def _close(self, plan: Plan, uuid: str) -> None:
        try:
            self._manage.patiently(*translate.closing(uuid), doing=f"create {plan.name}")
        except Refused as error:
            if not error.unknown_option:  # `doctor` reports that it is too old
                raise

    def _place(self, plan: Plan, iso: Path) -> Machine:
        return Machine(
            folder=removal.home(self._manage) / plan.name,
            iso=iso,
            ports=ports.chosen(plan),
            screen=this_host.free_ports(plan.address, 1)[0] if translate.has_server(plan) else 0,
        )

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        log = self._folder(runtime_id) / "Logs" / "VBox.log"
        start.started(self._manage, runtime_id, log)
        (instance,) = self.instances(runtime_id)
        return instance

    def restart(self, runtime_id: str) -> Instance:
        """See the contract: a machine keeps nothing; it boots anew."""
        self._manage("controlvm", runtime_id, "reset", doing="restart the machine")
        (instance,) = self.instances(runtime_id)
        return instance

    def suspend(self, runtime_id: str) -> None:
        """See the contract."""
        if not self._is_suspended(runtime_id):
            self._manage("controlvm", runtime_id, "pause", doing="suspend the machine")

    def resume(self, runtime_id: str) -> None:
        """See the contract."""
        if self._is_suspended(runtime_id):
            self._manage("controlvm", runtime_id, "resume", doing="resume the machine")

    def _is_suspended(self, runtime_id: str) -> bool:
        return any(one.state == SUSPENDED for one in self.instances(runtime_id, detail=False))

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        try:
            if not only:
                return instances.listed(self._manage, detail=detail)
            instance = instances.one(self._manage, only, detail=detail)
        except AbcdRunError as error:
            raise NoRuntime(error.message, details=error.details, remedy=error.remedy) from error
        return [instance] if instance else []

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        removal.remove(self._manage, runtime_id)

    def prune(self) -> None:
        """See the contract."""
        removal.prune(self._manage)

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """See the contract."""
        known_hosts = self._folder(instance.runtime_id) / "known_hosts"
        return vm_ssh.line(instance, command, user=user, tty=tty, known_hosts=known_hosts)

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        path = self._folder(instance.runtime_id) / "console.log"
        return vm_console.of(instance, path, self, follow=follow, pause=FOLLOW_SECONDS)

    def screenshot(self, instance: Instance) -> bytes:
        """See the contract."""
        with scratch.held(calls(), CALL) as folder:
            file = folder / "screen.png"
            self._manage(
                "controlvm", instance.runtime_id, "screenshotpng", str(file),
                doing="take a screenshot",
            )  # fmt: skip
            return _bounded(file, instance)

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        iso, first = vm.iso_by_hand(plan, artifact)
        lines = native.lines(plan, self._place(plan, iso), vm_seed.seed_files(plan))
        return "\n".join([*first, lines])

    def _folder(self, runtime_id: str) -> Path:
        """Return a machine's folder, cached: readiness needs it several times a second."""
        if runtime_id not in self._folders:
            facts = instances.described(self._manage, runtime_id)
            if not facts:
                return Path(os.devnull) / runtime_id
            self._folders[runtime_id] = instances.folder(facts)
        return self._folders[runtime_id]


def _bounded(file: Path, instance: Instance) -> bytes:
    """Return a screenshot, after checking its size: the machine chooses its resolution."""
    if file.stat().st_size > PICTURE_BYTES:
        raise LaunchFailed(
            f"{instance.name}: its screenshot is larger than {format_size(PICTURE_BYTES)}",
            remedy=f"abcd-run open {instance.name}",
        )
    return file.read_bytes()


def _is_root() -> bool:
    return hasattr(os, "getuid") and os.getuid() == 0
