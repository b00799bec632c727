"""LXD, through pylxd: OCI images as unprivileged system containers."""

from abcd_run.model import Format
from abcd_run.runtime import Backend, Problem, Runtime
from abcd_run_lxd import service, trusted


def _missing() -> Problem | None:
    found = service.find()
    return found if isinstance(found, Problem) else None


def _open() -> Runtime:
    from abcd_run_lxd.runtime import LxdRuntime  # noqa: PLC0415

    return LxdRuntime(service.present())


BACKEND = Backend(
    name="lxd",
    accepts=(Format.LXD,),
    missing=_missing,
    open=_open,
    options={"profiles": list, "pool": str, "network": str, "config": trusted.CONFIG},
    trusts=trusted.trusts,
    takes_command=True,
)
