"""Where ISOs are kept, and the files taken out of them for machines that boot without firmware."""

import hashlib
from pathlib import Path

from abcd_run.host import xdg


def folder() -> Path:
    """Return where ISOs are kept."""
    return xdg.cache() / "iso"


def boot_folder(iso: Path) -> Path:
    """Return where an ISO's kernel and initrd are kept for booting it directly."""
    name = iso.name if iso.parent == folder() else f"{iso.name}-{short(str(iso))}"
    return folder() / f"{name}.boot"


def short(location: str) -> str:
    """Return a short name for a path or an address."""
    return hashlib.sha256(location.encode()).hexdigest()[:16]
