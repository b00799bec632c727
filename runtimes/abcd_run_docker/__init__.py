"""Rootless Docker, through docker-py on the user's own daemon."""

from abcd_run.backend import container_rights
from abcd_run.model import Format
from abcd_run.runtime import Backend, Problem, Runtime
from abcd_run_docker import service


def _missing() -> Problem | None:
    found = service.find()
    return found if isinstance(found, Problem) else None


def _open() -> Runtime:
    from abcd_run_docker.runtime import DockerRuntime  # noqa: PLC0415

    return DockerRuntime(service.present())


BACKEND = Backend(
    name="docker",
    accepts=(Format.OCI,),
    missing=_missing,
    open=_open,
    options=container_rights.OPTIONS,
    trusts=container_rights.trusts,
    takes_command=True,
)
