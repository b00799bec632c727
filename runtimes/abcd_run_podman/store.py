"""How podman keeps a person's images: as overlays, where by itself it may copy each layer (vfs).

Podman's first command of all decides it for good. Without a `storage.conf`, as on Debian without
recommended packages, that may be vfs: 8 GB for a desktop, and 6 s to create a container.
"""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from abcd_run.host import this_host, xdg

CHOSEN = ("STORAGE_DRIVER", "CONTAINERS_STORAGE_CONF")
"""The variables with which a person chooses."""

SETTINGS = (Path("/etc/containers/storage.conf"), Path("/usr/share/containers/storage.conf"))
NATIVE = (5, 13)
"""The first Linux whose overlays an ordinary user may mount; before, fuse-overlayfs does."""

OVERLAYS = """\
# Written by abcd-run, as nothing was there: podman may copy each layer of an image otherwise (vfs).
[storage]
driver = "overlay"
"""
PROOF_SECONDS = 20.0
COPIES = (
    "it copies all of an image for each of its layers (vfs), which takes much time and disk: "
    "podman system reset removes its images and containers, and the next launch begins anew"
)


def folder() -> Path:
    """Return where podman keeps images if nobody has told it otherwise."""
    return xdg.data_home() / "containers" / "storage"


def settings() -> Path:
    """Return where a person's podman is told."""
    return xdg.config_home() / "containers" / "storage.conf"


def prepare() -> None:
    """Before a person's first podman of all, tell it to have overlays, if it can."""
    if this_host.user() == 0 or any(name in os.environ for name in CHOSEN):
        return
    if any(path.exists() for path in (*SETTINGS, settings())):
        return
    if any(folder().glob("*-images")) or not _has_overlays():
        return
    with suppress(OSError):  # a home that is full or read-only: podman itself will say so
        settings().parent.mkdir(parents=True, exist_ok=True)
        settings().write_text(OVERLAYS)
        if not _works():
            settings().unlink()


def copies() -> bool:
    """Say whether podman has decided to copy."""
    made = [path.name for path in folder().glob("*-images")]
    return made == ["vfs-images"]


def _has_overlays() -> bool:
    version = os.uname().release.split(".")[:2]
    native = all(part.isdecimal() for part in version) and tuple(map(int, version)) >= NATIVE
    return native or shutil.which("fuse-overlayfs") is not None


def _works() -> bool:
    """Have podman make its store; a home on NFS or on overlays, for example, has no overlays."""
    try:
        ended = subprocess.run(
            ["podman", "info"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PROOF_SECONDS,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0
