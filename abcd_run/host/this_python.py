"""Where this program's Python finds packages, and the line that installs one there."""

import os
import shlex
import shutil
import sys
from pathlib import Path

DISTRIBUTION = "/usr"
"""The prefix of the distribution's Python: no other can import what apt installs."""

APT = "/usr/lib/python3/dist-packages"
"""Where apt puts packages."""


def install(requirement: str) -> str:
    """Return what to type to install a Python package where this program finds it.

    A bare `pip` may belong to another Python, and Debian's refuses to work outside of environments.
    """
    return f"{_pip()} install {_managed()}{shlex.quote(requirement)}"


def borrow(package: str, *, files: str) -> str:
    """Return what to type so that this program can import a package that apt installs.

    `files` is the pattern of its files. Empty if this is not the distribution's Python: what apt
    installs is built for that one.
    """
    if sys.base_prefix != DISTRIBUTION:
        return ""
    line = f"sudo apt install {package}"
    if APT in sys.path:
        return line
    # These files alone: older packages of the distribution's, seen beside ours, break ours.
    return f"{line} && ln -s {APT}/{files} {shlex.quote(_packages())}"


def _packages() -> str:
    return next(path for path in sys.path if path.startswith(f"{sys.prefix}{os.sep}lib"))


def _pip() -> str:
    beside = shutil.which("pip")
    if beside and Path(beside).parent == Path(sys.executable).parent:
        return "pip"
    # Outside of environments pip falls back to the user's home.
    sudo = "sudo " if _is_environment() and not os.access(sys.prefix, os.W_OK) else ""
    return f"{sudo}{shlex.quote(sys.executable)} -m pip"


def _managed() -> str:
    """Return the option that Debian's own pip wants to hear, as it did for this program itself."""
    if _is_environment() or not Path(os.__file__).with_name("EXTERNALLY-MANAGED").exists():
        return ""
    return "--break-system-packages "


def _is_environment() -> bool:
    return sys.prefix != sys.base_prefix
