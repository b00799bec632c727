"""Podman as a runtime."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from podman import PodmanClient
from podman.errors import ImageNotFound, NotFound

from abcd_run.backend import container_rights, oci_engine, record
from abcd_run.backend.ownership import Marks
from abcd_run.concurrency.cancel import current
from abcd_run.errors import ArtifactError, NoRuntime
from abcd_run.host import this_host
from abcd_run.model import Artifact, Instance, Plan
from abcd_run.runtime import Probe, Problem, Runtime, Say
from abcd_run_podman import images, working
from abcd_run_podman.errors import translated
from abcd_run_podman.service import Service

STOP_SECONDS = 5
"""How long an instance may take to end by itself before it is killed."""

TIMEOUT_SECONDS = 600
LIMITS = ("memory", "cpu", "pids")
NOT_FOUND = 404


class PodmanRuntime(Runtime):
    """The Podman of this user."""

    name = "podman"

    def __init__(self, service: Service) -> None:
        self._service = service
        self._threads = threading.local()
        self._limits = this_host.delegated_controllers()
        self._marks = Marks(self._labels)

    @property
    def client(self) -> PodmanClient:
        """The client of this thread: sessions of requests are not made for several threads."""
        if not hasattr(self._threads, "client"):
            self._threads.client = PodmanClient(
                base_url=self._service.ready(), timeout=TIMEOUT_SECONDS
            )
        client: PodmanClient = self._threads.client
        return client

    def probe(self) -> Probe:
        """See the contract."""
        try:
            with translated("say what it is", otherwise=NoRuntime):
                # `version` and `info` run conmon and the OCI runtime first, which takes 0.3 s.
                answer = self.client.api.get("/_ping")
                answer.raise_for_status()
        except NoRuntime as error:
            details = f": {error.details}" if error.details else ""
            return Probe(problem=Problem(error.message + details, error.remedy))
        unlimited = [limit for limit in LIMITS if limit not in self._limits]
        notes = oci_engine.unlimited(unlimited, why="podman has no delegated cgroup v2 here")
        rootful = Problem("its service runs as root", "run abcd-run as an ordinary user")
        return Probe(
            version=answer.headers.get("Libpod-API-Version", ""),
            notes=notes,
            rootful=rootful if self._service.rootful() else None,
        )

    def components(self) -> Mapping[str, str]:
        """See the contract."""
        with translated("say what it is made of", otherwise=NoRuntime):
            answer = self.client.api.get("/info")
            answer.raise_for_status()
        engine = answer.json()["host"]["ociRuntime"]
        # `runc version 1.1.5+ds1`, with more lines behind.
        first = str(engine["version"]).partition("\n")[0]
        return {str(engine["name"]): first.rpartition(" ")[2]}

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
            created = self.client.containers.create(image, **self._arguments(plan, image))
        return str(created.id)

    def _arguments(self, plan: Plan, image: str) -> dict[str, Any]:
        ports = self._ports(plan, image)
        arguments = oci_engine.arguments(plan, ports=ports, limits=self._limits)
        arguments["no_new_privileges"] = not container_rights.gains_rights(plan.options)
        arguments["mounts"] = [
            {
                "type": "bind",
                "source": str(share.source),
                "target": share.target,
                "read_only": share.read_only,
            }
            for share in plan.shares
        ]
        if plan.shares:
            arguments["userns_mode"] = {"nsmode": "keep-id", "value": _same_person(plan)}
            # keep-id alone would also make the image's init run as that person.
            arguments["user"] = images.user(self.client, image)
        return arguments

    def _ports(self, plan: Plan, image: str) -> list[int]:
        if plan.exposed:
            return images.exposed_ports(self.client, image)
        return [service.port for service in plan.services]

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        with translated("start it"):
            self.client.api.post(f"/containers/{runtime_id}/start").raise_for_status()
            found = self.client.containers.get(runtime_id)
        return self._instance(found.attrs)

    def _instance(self, facts: Mapping[str, Any]) -> Instance:
        return oci_engine.instance(facts, runtime=self.name, engine=self._service.socket)

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        with translated("list its containers", otherwise=NoRuntime):
            if only:
                return self._one(only)
            found = self.client.containers.list(
                all=True,
                filters=[f"label={record.MARK}"],
                sparse=not detail,
                ignore_removed=True,
            )
            listed = [(self._described(one.attrs, detail=detail), one.attrs) for one in found]
            return [one for one, facts in listed if self._marks.are_own(one, facts)]

    def _described(self, facts: Mapping[str, Any], *, detail: bool) -> Instance:
        return self._instance(facts) if detail else oci_engine.brief(facts, runtime=self.name)

    def _one(self, key: str) -> list[Instance]:
        try:
            found = self.client.containers.get(key)
        except NotFound:
            return []
        instance = self._instance(found.attrs)
        # Podman finds by any unique beginning of an id, too, and it finds what is not ours.
        meant = key in (instance.name, instance.runtime_id)
        return [instance] if meant and self._marks.are_own(instance, found.attrs) else []

    def _labels(self, image: str) -> Mapping[str, str] | None:
        try:
            return self.client.images.get(image).attrs.get("Labels") or {}
        except (ImageNotFound, NotFound):
            return None

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        patience = 0 if current().hurried else STOP_SECONDS
        with translated("remove it"):
            response = self.client.api.delete(
                f"/containers/{runtime_id}",
                params={"force": True, "v": True, "timeout": patience},
            )
            if response.status_code != NOT_FOUND:
                response.raise_for_status()

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """See the contract."""
        return oci_engine.exec_command(["podman"], instance, command, user=user, tty=tty)

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        with translated("read the log"):
            found = self.client.containers.get(instance.runtime_id)
            printed = found.logs(stream=True, follow=follow, stdout=True, stderr=True)
            yield from cast(Iterator[bytes], printed)

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        known = images.known_name(self.client, artifact)
        extra = []
        if plan.shares:
            extra += [f"--userns=keep-id:{_same_person(plan)}", "--user=0:0"]
        if "pids" in self._limits:
            extra += [f"--pids-limit={container_rights.PIDS}"]
        ports = [service.port for service in plan.services]
        line = oci_engine.run_line(
            ["podman"], plan, known or artifact.name, ports=ports, extra=extra
        )
        return line if known else f"{oci_engine.pull_line(plan)} && {line}"

    def prune(self) -> None:
        """See the contract."""
        working.discard_abandoned()

    def build(self, context: Path, *, name: str, say: Say) -> None:
        """See the contract."""
        images.build(context, name, say=say)

    def save(self, name: str, out: Path) -> None:
        """See the contract."""
        images.save(name, out)

    def close(self) -> None:
        """See the contract."""
        self._service.close()


def _same_person(plan: Plan) -> str:
    """Return the mapping in which the image's user is the one who launches."""
    return f"uid={plan.uid},gid={plan.uid}"
