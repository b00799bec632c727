"""Where this user's libvirt listens. Nothing here needs the SDK."""

import os
from pathlib import Path

from abcd_run.host import xdg

SOCKETS = ("virtqemud-sock", "libvirt-sock")
"""What a session's daemon listens on, in its folder."""


def folders() -> list[Path]:
    """Return where this user's daemons may be, the one for new machines first."""
    session = xdg.runtime_dir()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [folder / "libvirt" for folder in ([session] if session else []) + [Path(cache)]]
