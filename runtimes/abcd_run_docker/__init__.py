"""Rootless Docker, through docker-py on the user's own daemon."""

from abcd_run.backend.oci_backend import oci_backend
from abcd_run.runtime import Problem, Runtime
from abcd_run_docker import service


def _missing() -> Problem | None:
    daemon = service.find()
    return daemon if isinstance(daemon, Problem) else None


def _open() -> Runtime:
    from abcd_run_docker.runtime import DockerRuntime  # noqa: PLC0415

    return DockerRuntime(service.present())


BACKEND = oci_backend("docker", preference=20, missing=_missing, opens=_open)
