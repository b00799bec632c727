"""What to type if libvirt's Python bindings are missing: pip would have to compile them."""

from importlib.machinery import PathFinder

from abcd_run.host import this_python
from abcd_run.runtime import Problem

PACKAGE = "python3-libvirt"
COMPILER = "sudo apt install gcc libc6-dev pkg-config libvirt-dev"


def problem() -> Problem | None:
    """Return why the bindings cannot be imported, or None."""
    if PathFinder.find_spec("libvirt"):
        return None
    return Problem("the Python package 'libvirt' is not installed", remedy())


def remedy() -> str:
    """Return the distribution's package, or for another Python what a build needs."""
    borrowed = this_python.borrow(PACKAGE, files="libvirt*")
    return borrowed or f"{COMPILER} && {this_python.install('abcd-run[libvirt]')}"
