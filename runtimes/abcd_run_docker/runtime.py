"""Docker as a runtime."""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
from docker import DockerClient
from docker.errors import NotFound

from abcd_run.backend import oci_arguments
from abcd_run.backend.oci_runtime import OciRuntime
from abcd_run.concurrency.cancel import current
from abcd_run.errors import ArtifactError, LaunchFailed, NoRuntime
from abcd_run.model import Artifact, Instance, Plan
from abcd_run.runtime import Probe, Problem, Say
from abcd_run_docker import images, translate
from abcd_run_docker.errors import ERRORS, translated
from abcd_run_docker.images import DockerImages
from abcd_run_docker.instances import DockerContainers
from abcd_run_docker.service import Daemon, unreachable

STOP_SECONDS = 5
"""How long an instance may take to shut down before it is killed."""

ASK_SECONDS = 4
"""How long the daemon may take to answer the first time."""

TIMEOUT_SECONDS = 120
"""How long it may stay silent while it works: it unpacks an image's layers without output."""

ROOTLESS = "run dockerd-rootless-setuptool.sh install to set up a rootless daemon"
LIMITS = {"memory": "MemoryLimit", "cpu": "CpuCfsQuota", "pids": "PidsLimit"}


class DockerRuntime(OciRuntime):
    """The Docker of this user."""

    name = "docker"
    errors = ERRORS

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(socket=daemon.socket, program=daemon.program())
        self._daemon = daemon
        self._lock = threading.Lock()
        self._client: DockerClient | None = None
        self._facts: dict[str, Any] = {}

    @property
    def client(self) -> DockerClient:
        """The client that all threads share: its connection pool is thread-safe."""
        with self._lock:
            if self._client is None:
                if problem := unreachable(self._daemon):
                    raise problem.error(self.name)
                self._client = self._connected()
        return self._client

    def _connected(self) -> DockerClient:
        with translated("report its version", otherwise=NoRuntime):
            if self._daemon.socket:
                client = DockerClient(base_url=self._daemon.url, timeout=ASK_SECONDS)
            else:
                # The SDK finds the certificates of a context or of DOCKER_HOST.
                client = docker.from_env(timeout=ASK_SECONDS)
        client.api.timeout = TIMEOUT_SECONDS
        return client

    @property
    def limits(self) -> set[str]:
        """See the kit; the daemon would silently ignore a limit that it cannot enforce."""
        return {limit for limit, key in LIMITS.items() if self._info().get(key)}

    @property
    def images(self) -> DockerImages:
        """See the kit."""
        return DockerImages(self.client)

    @property
    def containers(self) -> DockerContainers:
        """See the kit."""
        return DockerContainers(self._marks, self._instance, self.client.api)

    def arguments(self, plan: Plan, image: str, ports: Sequence[int]) -> dict[str, Any]:
        """See the kit."""
        uid = self._person(plan, image)
        return translate.arguments(plan, ports=ports, limits=self.limits, uid=uid)

    def options(self, plan: Plan) -> list[str]:
        """See the kit."""
        return translate.options(self._person(plan))

    def brings(self, plan: Plan, artifact: Artifact) -> str:  # noqa: ARG002  (Podman needs it)
        """See the kit."""
        line = images.load_line(artifact, self._daemon.url)
        return f"{line}\n" if line else ""

    def _person(self, plan: Plan, image: str = "") -> str:
        """Return the uid that the launching user has inside; empty if the plan does not need it.

        Docker uses one user map for all containers, so the image's user must change, not the map.
        """
        if not plan.shares or not plan.account:
            return ""
        uid = "0" if self._rootless() else str(os.getuid())
        if image and uid != str(plan.uid) and not self.images.heeds_uid(image):
            raise LaunchFailed(
                f"docker cannot share a folder with user {plan.account} of {plan.image}",
                details=f"on this engine the shared folder belongs to uid {uid} inside, "
                f"and this image cannot give its user {plan.account} that uid "
                "(no label abcd.seed=uid)",
                remedy="use --on podman, or launch without --share",
            )
        return uid

    def probe(self) -> Probe:
        """See the contract."""
        if problem := unreachable(self._daemon):
            return Probe(problem=problem)
        try:
            with translated("report its capabilities", otherwise=NoRuntime):
                facts = self._info()
        except NoRuntime as error:
            return Probe(problem=Problem(error.message, error.remedy))
        if "BuildahVersion" in facts:
            return Probe(problem=Problem("Podman answers there, not Docker", "--on podman"))
        return Probe(
            version=facts["ServerVersion"],
            notes=oci_arguments.unlimited(self.limits, engine=self.name),
            rootful=None if self._rootless() else Problem("its daemon runs as root", ROOTLESS),
        )

    def components(self) -> Mapping[str, str]:
        """See the contract."""
        with translated("list its components", otherwise=NoRuntime):
            parts = self.client.version().get("Components") or []
        return {str(part["Name"]): str(part["Version"]) for part in parts}

    def _rootless(self) -> bool:
        return "name=rootless" in self._info()["SecurityOptions"]

    def _info(self) -> dict[str, Any]:
        if not self._facts:
            self._facts = self.client.info()
        return self._facts

    def do(self, runtime_id: str, action: str) -> None:
        """See the kit."""
        if action == "restart":
            self.client.api.restart(runtime_id, timeout=STOP_SECONDS)
        else:
            getattr(self.client.api, action)(runtime_id)

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        with translated("start the instance"):
            self.client.api.start(runtime_id)
            return self._instance(self.client.api.inspect_container(runtime_id))

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        with translated("remove the instance"), suppress(NotFound):
            # A forced removal would not give it time to shut down.
            patience = 0 if current().hurried else STOP_SECONDS
            self.client.api.stop(runtime_id, timeout=patience)
            self.client.api.remove_container(runtime_id, force=True, v=True)

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        with translated("read the log"):
            yield from self.client.api.logs(instance.runtime_id, stream=True, follow=follow)

    def build(self, context: Path, *, name: str, say: Say) -> None:
        """See the contract."""
        with translated(f"build {name}", otherwise=ArtifactError):
            images.build(self.client.api, context, name, say=say)

    def save(self, name: str, out: Path) -> None:
        """See the contract."""
        with translated(f"save {name}", otherwise=ArtifactError):
            images.save(self.client.api, name, out)

    def close(self) -> None:
        """See the contract."""
        if self._client:
            self._client.close()
