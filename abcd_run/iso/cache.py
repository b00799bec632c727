"""Where ISOs are kept, and what machines that start without firmware take out of them."""

import hashlib
from pathlib import Path

from abcd_run.host import xdg


def folder() -> Path:
    """Return where ISOs are kept."""
    return xdg.cache() / "iso"


def boot_folder(iso: Path) -> Path:
    """Return where the kernel and initrd of an ISO are kept for starting it directly."""
    name = iso.name if iso.parent == folder() else f"{iso.name}-{short(str(iso))}"
    return folder() / f"{name}.boot"


def short(location: str) -> str:
    """Return a name for what lies at a path or an address."""
    return hashlib.sha256(location.encode()).hexdigest()[:16]
