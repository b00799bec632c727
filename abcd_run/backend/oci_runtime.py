"""What the runtimes of OCI engines share."""

from abc import abstractmethod
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from abcd_run.backend import container_rights, oci_engine, oci_inspect
from abcd_run.backend.oci_containers import Containers
from abcd_run.backend.oci_errors import Translator
from abcd_run.backend.oci_images import Images
from abcd_run.backend.ownership import Marks
from abcd_run.backend.refusals import refuse_disk
from abcd_run.errors import ArtifactError, NoRuntime
from abcd_run.model import SUSPENDED, Artifact, Instance, Plan
from abcd_run.runtime import Runtime, Say


class OciRuntime(Runtime):
    """A runtime whose engine has images and containers, and a command like Docker's.

    `socket` is where the engine listens; None if it listens on a port. `program` is its command,
    with the options that select this engine.
    """

    errors: ClassVar[Translator]

    def __init__(self, *, socket: Path | None, program: Sequence[str]) -> None:
        self._socket = socket
        self._program = program
        self._marks = Marks(self._labels)

    @property
    @abstractmethod
    def client(self) -> Any:
        """The SDK's client: both SDKs create a container with the same call."""

    @property
    @abstractmethod
    def limits(self) -> Container[str]:
        """Those of `oci_arguments.LIMITS` that the engine can enforce."""

    @property
    @abstractmethod
    def images(self) -> Images:
        """The engine's images."""

    @property
    @abstractmethod
    def containers(self) -> Containers:
        """The engine's containers."""

    @abstractmethod
    def arguments(self, plan: Plan, image: str, ports: Sequence[int]) -> dict[str, Any]:
        """Return the arguments of `client.containers.create` for a plan that publishes `ports`."""

    @abstractmethod
    def do(self, runtime_id: str, action: str) -> None:
        """Have the engine `restart`, `pause` or `unpause` a container."""

    @abstractmethod
    def options(self, plan: Plan) -> list[str]:
        """Return a plan's options of `run` that are specific to this engine."""

    @abstractmethod
    def brings(self, plan: Plan, artifact: Artifact) -> str:
        """Return what precedes a `run` line to get an image that the engine lacks."""

    def check(self, plan: Plan) -> None:
        """See the contract."""
        # --storage-opt size= works with a few drivers and file systems; the others ignore it.
        refuse_disk(plan, f"{self.name} cannot limit the disk of a container")

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """See the contract."""
        with self.errors.translated(f"get {artifact.name}", otherwise=ArtifactError):
            return self.images.provide(artifact, pull=pull, say=say)

    def create(self, plan: Plan, image: str) -> str:
        """See the contract."""
        with self.errors.translated(f"create {plan.name}"):
            arguments = self.arguments(plan, image, self.images.ports(plan, image))
            created = self.client.containers.create(image, **arguments)
        return str(created.id)

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        with self.errors.translated("list its containers", otherwise=NoRuntime):
            containers = self.containers
            if only:
                return containers.called(only)
            return containers.each() if detail else containers.listed()

    def restart(self, runtime_id: str) -> Instance:
        """See the contract."""
        with self.errors.translated("restart the instance"):
            self.do(runtime_id, "restart")
        (instance,) = self.instances(runtime_id)
        return instance

    def suspend(self, runtime_id: str) -> None:
        """See the contract."""
        if not self._is_suspended(runtime_id):
            with self.errors.translated("suspend the instance"):
                self.do(runtime_id, "pause")

    def resume(self, runtime_id: str) -> None:
        """See the contract."""
        if self._is_suspended(runtime_id):
            with self.errors.translated("resume the instance"):
                self.do(runtime_id, "unpause")

    def _is_suspended(self, runtime_id: str) -> bool:
        return any(one.state == SUSPENDED for one in self.instances(runtime_id))

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """See the contract."""
        return oci_engine.exec_command(self._program, instance, command, user=user, tty=tty)

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        known = self.images.known_name(artifact)
        extra = self.options(plan)
        if "pids" in self.limits:
            extra = [*extra, f"--pids-limit={container_rights.PIDS}"]
        ports = [service.port for service in plan.services]
        image = known or artifact.name
        line = oci_engine.run_line(self._program, plan, image, ports=ports, extra=extra)
        return line if known else self.brings(plan, artifact) + line

    def _instance(self, facts: Mapping[str, Any]) -> Instance:
        return oci_inspect.instance(facts, runtime=self.name, engine=self._socket)

    def _labels(self, image: str) -> Mapping[str, str] | None:
        return self.images.labels(image)
