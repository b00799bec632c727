"""The user's virtual machines, through libvirt-python on `qemu:///session`."""

import shutil
from pathlib import Path

from abcd_run.model import Format
from abcd_run.runtime import Backend, Problem, Runtime
from abcd_run_libvirt import sdk, sockets
from abcd_run_libvirt.options import OPTIONS

DAEMONS = ("virtqemud", "libvirtd")
# Red Hat keeps QEMU outside of PATH, and Debian's users do not have /usr/sbin in theirs.
PLACES = ("/usr/sbin", "/usr/libexec")
QEMUS = ("qemu-system-x86_64", "qemu-kvm")
REMEDY = "sudo apt install libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86"

MEMORY = 1 << 30
"""Bytes of memory for a machine whose image does not say what it needs."""


def _missing() -> Problem | None:
    if not (_any_here(DAEMONS) or _any_socket()):
        return Problem("libvirt is not installed", REMEDY)
    if not _any_here(QEMUS):
        return Problem("QEMU is not installed", REMEDY)
    return sdk.problem()


def _any_here(programs: tuple[str, ...]) -> bool:
    return any(
        shutil.which(name) or any(Path(folder, name).exists() for folder in PLACES)
        for name in programs
    )


def _any_socket() -> bool:
    return any((folder / name).exists() for folder in sockets.folders() for name in sockets.SOCKETS)


def _open() -> Runtime:
    from abcd_run_libvirt.runtime import LibvirtRuntime  # noqa: PLC0415
    from abcd_run_libvirt.service import connect  # noqa: PLC0415

    return LibvirtRuntime(connect())


BACKEND = Backend(
    name="libvirt",
    preference=40,
    accepts=(Format.ISO,),
    memory=MEMORY,
    missing=_missing,
    open=_open,
    options=OPTIONS,
)
