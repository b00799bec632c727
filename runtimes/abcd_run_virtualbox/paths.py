"""Locate VirtualBox's programs on each system."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

MACOS = "/Applications/VirtualBox.app/Contents/MacOS"
WINDOWS_VARIABLES = ("VBOX_MSI_INSTALL_PATH", "VBOX_INSTALL_PATH")
"""Set by the installer, which does not change PATH."""

PROGRAM_FILES = ("ProgramW6432", "ProgramFiles")

REMEDIES = {
    "linux": "sudo apt install virtualbox, or see https://www.virtualbox.org/wiki/Linux_Downloads",
    "win32": "winget install Oracle.VirtualBox",
    "darwin": "brew install --cask virtualbox",
}


def program(
    name: str, *, platform: str = sys.platform, environ: Mapping[str, str] = os.environ
) -> str | None:
    """Return the path of one of VirtualBox's programs; None if it is not installed."""
    if platform == "win32":
        name += ".exe"
    if path := shutil.which(name, path=environ.get("PATH")):
        return path
    places = (folder / name for folder in _folders(platform, environ))
    return next((str(place) for place in places if place.is_file()), None)


def _folders(platform: str, environ: Mapping[str, str]) -> Iterator[Path]:
    if platform == "darwin":
        yield Path(MACOS)
    if platform == "win32":
        yield from (Path(environ[name]) for name in WINDOWS_VARIABLES if name in environ)
        for name in PROGRAM_FILES:
            if name in environ:
                yield Path(environ[name]) / "Oracle" / "VirtualBox"


def remedy(platform: str = sys.platform) -> str:
    """Return how to install VirtualBox on a system."""
    return REMEDIES.get(platform, "https://www.virtualbox.org/wiki/Downloads")
