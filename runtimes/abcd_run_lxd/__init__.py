"""LXD, through pylxd: OCI images as unprivileged system containers."""

from abcd_run.model import Format
from abcd_run.runtime import Backend, Problem, Runtime
from abcd_run_lxd import service
from abcd_run_lxd.options import OPTIONS, trusts


def _missing() -> Problem | None:
    server = service.find()
    return server if isinstance(server, Problem) else None


def _open() -> Runtime:
    from abcd_run_lxd.runtime import LxdRuntime  # noqa: PLC0415

    return LxdRuntime(service.present())


BACKEND = Backend(
    name="lxd",
    preference=30,
    accepts=(Format.LXD,),
    missing=_missing,
    open=_open,
    options=OPTIONS,
    trusts=trusts,
    takes_command=True,
    sdk="pylxd",
)
