"""What the runtimes of OCI engines do alike."""

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
from abcd_run.model import Artifact, Instance, Plan
from abcd_run.runtime import Runtime, Say


class OciRuntime(Runtime):
    """A runtime whose engine has images and containers, and a command like Docker's.

    `socket` is where the engine listens, None for one that listens on a port; `program` is its
    command, with the options that make it talk to this very engine.
    """

    errors: ClassVar[Translator]

    def __init__(self, *, socket: Path | None, program: Sequence[str]) -> None:
        self._socket = socket
        self._program = program
        self._marks = Marks(self._labels)

    @property
    @abstractmethod
    def client(self) -> Any:
        """The SDK's client: both SDKs create a container by the same call."""

    @property
    @abstractmethod
    def limits(self) -> Container[str]:
        """What the engine can limit, of `oci_arguments.LIMITS`."""

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
        """Return a plan that publishes `ports` as arguments of `client.containers.create`."""

    @abstractmethod
    def options(self, plan: Plan) -> list[str]:
        """Return the options of `run` that a plan has with this engine alone."""

    @abstractmethod
    def brings(self, plan: Plan, artifact: Artifact) -> str:
        """Return what stands before a `run` line to bring it an image that the engine lacks."""

    def check(self, plan: Plan) -> None:
        """See the contract."""
        # --storage-opt size= is for a few drivers and file systems, and others pass over it.
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
