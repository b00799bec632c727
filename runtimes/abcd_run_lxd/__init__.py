"""LXD, through pylxd: OCI images as unprivileged system containers."""

from abcd_run.model import Format
from abcd_run.runtime import Backend, Option, Problem, Runtime
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
    options={
        "profiles": Option(list, "LXD's own profiles", "default"),
        "pool": Option(str, "the storage pool of its disk", "the profiles', else the first"),
        "network": Option(str, "a managed network, or `none`", "the profiles', else a bridge"),
        "config": Option(trusted.CONFIG, "keys of LXD's configuration, as listed below", "none"),
    },
    trusts=trusted.trusts,
    takes_command=True,
)
