"""Docker as a runtime."""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
from docker import DockerClient
from docker.errors import NotFound
from docker.types import Mount

from abcd_run.backend import container_rights, oci_engine
from abcd_run.backend.ownership import Marks
from abcd_run.concurrency.cancel import current
from abcd_run.errors import ArtifactError, LaunchFailed, NoRuntime
from abcd_run.host import this_host
from abcd_run.model import Artifact, Instance, Plan
from abcd_run.runtime import Probe, Problem, Runtime, Say
from abcd_run_docker import images
from abcd_run_docker.errors import translated
from abcd_run_docker.instances import Containers
from abcd_run_docker.service import Daemon, unreachable

STOP_SECONDS = 5
"""How long an instance may take to end by itself before it is killed."""

ASK_SECONDS = 4
"""How long the daemon may take for its first answer."""

TIMEOUT_SECONDS = 120
"""How long it may be silent while it works: it unpacks an image's layers without a word."""

ROOTLESS = "dockerd-rootless-setuptool.sh install gives you a daemon without root"
LIMITS = {"memory": "MemoryLimit", "cpu": "CpuCfsQuota", "pids": "PidsLimit"}


class DockerRuntime(Runtime):
    """The Docker of this user."""

    name = "docker"

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._lock = threading.Lock()
        self._client: DockerClient | None = None
        self._facts: dict[str, Any] = {}
        self._marks = Marks(self._labels)

    @property
    def client(self) -> DockerClient:
        """The client of all threads: its pool of connections is made for that."""
        with self._lock:
            if self._client is None:
                if problem := unreachable(self._daemon):
                    raise problem.error(self.name)
                self._client = self._connected()
        return self._client

    def _connected(self) -> DockerClient:
        with translated("be asked for its version", otherwise=NoRuntime):
            if self._daemon.socket:
                client = DockerClient(base_url=self._daemon.url, timeout=ASK_SECONDS)
            else:
                # The SDK knows where the certificates of a context or of DOCKER_HOST are.
                client = docker.from_env(timeout=ASK_SECONDS)
        client.api.timeout = TIMEOUT_SECONDS
        return client

    def probe(self) -> Probe:
        """See the contract."""
        if problem := unreachable(self._daemon):
            return Probe(problem=problem)
        try:
            with translated("be asked what it can do", otherwise=NoRuntime):
                facts = self._info()
        except NoRuntime as error:
            return Probe(problem=Problem(error.message, error.remedy))
        if "BuildahVersion" in facts:
            return Probe(problem=Problem("it is Podman that answers there", "--on podman"))
        unlimited = [limit for limit in LIMITS if limit not in self._limits()]
        notes = oci_engine.unlimited(unlimited, why="docker has no delegated cgroup v2 here")
        return Probe(
            version=facts["ServerVersion"],
            notes=notes,
            rootful=None if self._rootless() else Problem("its daemon runs as root", ROOTLESS),
        )

    def components(self) -> Mapping[str, str]:
        """See the contract."""
        with translated("say what it is made of", otherwise=NoRuntime):
            found = self.client.version().get("Components") or []
        return {str(one["Name"]): str(one["Version"]) for one in found}

    def _rootless(self) -> bool:
        return "name=rootless" in self._info()["SecurityOptions"]

    def _info(self) -> dict[str, Any]:
        if not self._facts:
            self._facts = self.client.info()
        return self._facts

    def _limits(self) -> set[str]:
        """Return what the daemon can limit; what it cannot it would ignore without a word."""
        return {limit for limit, key in LIMITS.items() if self._info().get(key)}

    def check(self, plan: Plan) -> None:
        """See the contract."""
        oci_engine.check(plan, engine=self.name)

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """See the contract."""
        with translated(f"get {artifact.name}", otherwise=ArtifactError):
            if artifact.path:
                return images.loaded(self.client, artifact, say=say)
            return images.pulled(self.client, artifact, pull=pull, say=say)

    def create(self, plan: Plan, image: str) -> str:
        """See the contract."""
        with translated(f"create {plan.name}"):
            ports = images.ports(self.client, plan, image)
            plan = _with_free_ports(plan, ports)
            arguments = oci_engine.arguments(plan, ports=ports, limits=self._limits())
            if not container_rights.gains_rights(plan.options):
                arguments["security_opt"] = ["no-new-privileges:true"]
            mounts = [
                Mount(share.target, str(share.source), type="bind", read_only=share.read_only)
                for share in plan.shares
            ]
            if uid := self._person(plan, image):
                arguments["environment"][oci_engine.UID] = uid
            created = self.client.containers.create(image, mounts=mounts, **arguments)
        return str(created.id)

    def _person(self, plan: Plan, image: str = "") -> str:
        """Return the uid inside that is the launching user's, empty where nobody asks.

        Docker maps users for all containers alike, so the image's user must change, not the map.
        """
        if not plan.shares or not plan.account:
            return ""
        uid = "0" if self._rootless() else str(os.getuid())
        if image and uid != str(plan.uid) and not images.heeds_uid(self.client, image):
            raise LaunchFailed(
                f"docker cannot share a folder with {plan.account} of {plan.image}",
                details=f"on this engine the folder is uid {uid}'s inside, "
                f"and the image does not let {plan.account} be that (no label abcd.seed=uid)",
                remedy="--on podman, or launch it without --share",
            )
        return uid

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        with translated("start it"):
            self.client.api.start(runtime_id)
            return self._instance(self.client.api.inspect_container(runtime_id))

    def _instance(self, facts: Mapping[str, Any]) -> Instance:
        return oci_engine.instance(facts, runtime=self.name, engine=self._daemon.socket)

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        with translated("list its containers", otherwise=NoRuntime):
            asked = Containers(self.client.api, self._marks, self._instance)
            if only:
                return asked.called(only)
            return asked.each() if detail else asked.listed()

    def _labels(self, image: str) -> Mapping[str, str] | None:
        try:
            return self.client.images.get(image).labels
        except NotFound:
            return None

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        with translated("remove it"), suppress(NotFound):
            # Removing by force would not give it the time to end by itself.
            patience = 0 if current().hurried else STOP_SECONDS
            self.client.api.stop(runtime_id, timeout=patience)
            self.client.api.remove_container(runtime_id, force=True, v=True)

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """See the contract."""
        program = self._daemon.program()
        return oci_engine.exec_command(program, instance, command, user=user, tty=tty)

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        with translated("read the log"):
            yield from self.client.api.logs(instance.runtime_id, stream=True, follow=follow)

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        program = self._daemon.program()
        ports = [service.port for service in plan.services]
        image = images.native_name(self.client, artifact)
        uid = self._person(plan)
        extra = ["--env", f"{oci_engine.UID}={uid}"] if uid else []
        if "pids" in self._limits():
            extra += [f"--pids-limit={container_rights.PIDS}"]
        line = oci_engine.run_line(program, plan, image, ports=ports, extra=extra)
        first = images.native_load(self.client, artifact, self._daemon.url)
        return f"{first}\n{line}" if first else line

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


def _with_free_ports(plan: Plan, ports: Sequence[int]) -> Plan:
    """Return the plan with ports that the kernel names.

    Docker would try them one after the other, from where everybody's Docker begins. When one is
    taken, maybe by our own question to another instance's page, it has been seen to stand still
    for 16 s, with all its containers.
    """
    try:
        free = this_host.free_ports(plan.address, len(ports))
    except OSError:  # not an address of this host: Docker may know it, or says what is wrong
        return plan
    return replace(plan, ports={**dict(zip(ports, free, strict=True)), **plan.ports})
