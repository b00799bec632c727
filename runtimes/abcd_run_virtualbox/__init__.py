"""VirtualBox machines, driven only through `VBoxManage`, on Linux, Windows and macOS."""

from abcd_run.model import Format
from abcd_run.runtime import Backend, Option, Problem, Runtime
from abcd_run_virtualbox import paths

MEMORY = 1 << 30
"""Bytes of memory for a machine whose image does not say what it needs."""


def _missing() -> Problem | None:
    if paths.program("VBoxManage"):
        return None
    return Problem("VirtualBox is not installed", paths.remedy())


def _open() -> Runtime:
    from abcd_run_virtualbox.runtime import VirtualBoxRuntime  # noqa: PLC0415
    from abcd_run_virtualbox.service import Manage  # noqa: PLC0415

    return VirtualBoxRuntime(Manage.present())


BACKEND = Backend(
    name="virtualbox",
    preference=50,
    accepts=(Format.ISO,),
    memory=MEMORY,
    missing=_missing,
    open=_open,
    no_folders=True,
    options={
        "display": Option(
            str, "`window` opens VirtualBox's own; `vnc` serves it with the instance's password",
            "none", ("none", "window", "vnc"),
        ),
        "firmware": Option(str, "the firmware that starts the ISO", "bios", ("bios", "uefi")),
    },
)  # fmt: skip
