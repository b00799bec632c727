"""Translate libvirt's errors into abcd-run's."""

from collections.abc import Iterator
from contextlib import contextmanager

import libvirt

from abcd_run.errors import AbcdRunError, LaunchFailed, NameTaken, NoRuntime

_GONE = {libvirt.VIR_ERR_NO_DOMAIN}
_LOST = {
    libvirt.VIR_ERR_SYSTEM_ERROR,
    libvirt.VIR_ERR_RPC,
    libvirt.VIR_ERR_NO_CONNECT,
    libvirt.VIR_ERR_INVALID_CONN,
}
_TAKEN = ("already exists", "already active", "already defined")


@contextmanager
def translated(doing: str, *, otherwise: type[AbcdRunError] = LaunchFailed) -> Iterator[None]:
    """Turn what libvirt raises while `doing` something into abcd-run's errors."""
    try:
        yield
    except libvirt.libvirtError as error:
        raise _meaning(error, doing, otherwise) from error


def is_gone(error: libvirt.libvirtError) -> bool:
    """Say whether an error means that the machine no longer exists."""
    return error.get_error_code() in _GONE


def _meaning(
    error: libvirt.libvirtError, doing: str, otherwise: type[AbcdRunError]
) -> AbcdRunError:
    text = error.get_error_message() or str(error)
    code = error.get_error_code()
    if code == libvirt.VIR_ERR_OPERATION_FAILED and any(sign in text for sign in _TAKEN):
        return NameTaken(f"libvirt could not {doing}: the name is already in use", details=text)
    if code in _LOST and error.get_error_domain() == libvirt.VIR_FROM_RPC:
        return NoRuntime(
            f"libvirt does not answer: could not {doing}",
            details=text,
            remedy="virsh --connect qemu:///session version",
        )
    return otherwise(f"libvirt could not {doing}", details=text, remedy="abcd-run doctor")
