"""Where the user's libvirt listens. Nothing here needs the SDK."""

import os
from pathlib import Path

from abcd_run.host import xdg

SOCKETS = ("virtqemud-sock", "libvirt-sock")
"""The sockets of a session's daemon, in its folder."""


def folders() -> list[Path]:
    """Return the folders where this user's daemons may listen; new machines use the first."""
    session = xdg.runtime_dir()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [folder / "libvirt" for folder in ([session] if session else []) + [Path(cache)]]
