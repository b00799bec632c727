"""What to type if libvirt's Python bindings are missing: pip would have to compile them."""

from importlib.util import find_spec

from abcd_run.errors import NoRuntime
from abcd_run.host import this_python

PACKAGE = "python3-libvirt"
COMPILER = "sudo apt install gcc libc6-dev pkg-config libvirt-dev"


def check() -> None:
    """Raise `NoRuntime` if the bindings cannot be imported."""
    if find_spec("libvirt") is None:
        raise NoRuntime("the Python package 'libvirt' is not installed", remedy=remedy())


def remedy() -> str:
    """Return the distribution's package, or for another Python what a build needs."""
    borrowed = this_python.borrow(PACKAGE, files="libvirt*")
    return borrowed or f"{COMPILER} && {this_python.install('abcd-run[libvirt]')}"
