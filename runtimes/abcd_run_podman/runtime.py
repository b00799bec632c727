"""Podman as a runtime."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from podman import PodmanClient

from abcd_run.backend import oci_arguments, oci_engine
from abcd_run.backend.oci_runtime import OciRuntime
from abcd_run.concurrency.cancel import current
from abcd_run.errors import NoRuntime
from abcd_run.host import this_host
from abcd_run.model import Artifact, Instance, Plan
from abcd_run.runtime import Probe, Problem, Say
from abcd_run_podman import images, store, translate, working
from abcd_run_podman.errors import ERRORS, translated
from abcd_run_podman.images import PodmanImages
from abcd_run_podman.instances import PodmanContainers
from abcd_run_podman.service import Service

STOP_SECONDS = 5
"""How long an instance may take to shut down before it is killed."""

TIMEOUT_SECONDS = 600
NOT_FOUND = 404


class PodmanRuntime(OciRuntime):
    """The Podman of this user."""

    name = "podman"
    errors = ERRORS

    def __init__(self, service: Service) -> None:
        super().__init__(socket=service.socket, program=["podman"])
        self._service = service
        self._threads = threading.local()
        self._limits = this_host.delegated_controllers()

    @property
    def client(self) -> PodmanClient:
        """The client of this thread: sessions of `requests` are not thread-safe."""
        if not hasattr(self._threads, "client"):
            self._threads.client = PodmanClient(
                base_url=self._service.ready(), timeout=TIMEOUT_SECONDS
            )
        client: PodmanClient = self._threads.client
        return client

    @property
    def limits(self) -> frozenset[str]:
        """See the kit."""
        return self._limits

    @property
    def images(self) -> PodmanImages:
        """See the kit."""
        return PodmanImages(self.client)

    @property
    def containers(self) -> PodmanContainers:
        """See the kit."""
        return PodmanContainers(self._marks, self._instance, self.client)

    def arguments(self, plan: Plan, image: str, ports: Sequence[int]) -> dict[str, Any]:
        """See the kit."""
        user = self.images.user(image) if plan.shares else ""
        return translate.arguments(plan, ports=ports, limits=self.limits, user=user)

    def options(self, plan: Plan) -> list[str]:
        """See the kit."""
        return translate.options(plan)

    def brings(self, plan: Plan, artifact: Artifact) -> str:  # noqa: ARG002  (Docker needs it)
        """See the kit."""
        return f"{oci_engine.pull_line(plan)} && "

    def probe(self) -> Probe:
        """See the contract."""
        try:
            with translated("report its version", otherwise=NoRuntime):
                # `version` and `info` first run conmon and the OCI runtime, which takes 0.3 s.
                answer = self.client.api.get("/_ping")
                answer.raise_for_status()
        except NoRuntime as error:
            details = f": {error.details}" if error.details else ""
            return Probe(problem=Problem(error.message + details, error.remedy))
        rootful = Problem("its service runs as root", "run abcd-run as an ordinary user")
        return Probe(
            version=answer.headers.get("Libpod-API-Version", ""),
            notes=oci_arguments.unlimited(self.limits, engine=self.name),
            advice=(store.COPIES,) if store.copies() else (),
            rootful=rootful if self._service.rootful() else None,
        )

    def components(self) -> Mapping[str, str]:
        """See the contract."""
        with translated("list its components", otherwise=NoRuntime):
            answer = self.client.api.get("/info")
            answer.raise_for_status()
        engine = answer.json()["host"]["ociRuntime"]
        # `runc version 1.1.5+ds1`, then more lines.
        first = str(engine["version"]).partition("\n")[0]
        return {str(engine["name"]): first.rpartition(" ")[2]}

    def do(self, runtime_id: str, action: str) -> None:
        """See the kit."""
        patience = {"t": STOP_SECONDS} if action == "restart" else {}
        answer = self.client.api.post(f"/containers/{runtime_id}/{action}", params=patience)
        answer.raise_for_status()

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        with translated("start the instance"):
            self.client.api.post(f"/containers/{runtime_id}/start").raise_for_status()
            return self._instance(self.client.containers.get(runtime_id).attrs)

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        patience = 0 if current().hurried else STOP_SECONDS
        with translated("remove the instance"):
            response = self.client.api.delete(
                f"/containers/{runtime_id}",
                params={"force": True, "v": True, "timeout": patience},
            )
            if response.status_code != NOT_FOUND:
                response.raise_for_status()

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        with translated("read the log"):
            container = self.client.containers.get(instance.runtime_id)
            printed = container.logs(stream=True, follow=follow, stdout=True, stderr=True)
            yield from cast(Iterator[bytes], printed)

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
