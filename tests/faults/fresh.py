"""New images that no engine has: a busybox that waits."""

import os
from pathlib import Path

from tests.unit.oci.making import Tar, layout, tar_of

BUSYBOX = Path("/bin/busybox")
APPLETS = ("sh", "sleep", "cat", "id", "mkdir", "mount", "ip", "hostname", "udhcpc", "init")
PADDING = 1 << 20


def layer(padding: int = PADDING) -> Tar:
    """Return a layer with busybox and unique, incompressible bytes."""
    tar = Tar().folder("bin").folder("sbin").folder("etc").folder("tmp").folder("proc")
    tar.folder("dev").folder("sys").folder("run")
    tar.file("etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
    tar.file("bin/busybox", BUSYBOX.read_bytes(), mode=0o755)
    for name in APPLETS:
        tar.link(f"{'sbin' if name == 'init' else 'bin'}/{name}", "/bin/busybox")
    return tar.file("padding", os.urandom(padding))


def image(folder: Path, *, padding: int = PADDING) -> Path:
    """Return a layout of a new image; `padding` is in bytes."""
    return layout(folder, layer(padding), Cmd=["/bin/sleep", "3600"], Env=["PATH=/bin:/sbin"])


def archive(folder: Path, *, padding: int = PADDING) -> Path:
    """Return a new image as a file with a new name."""
    return tar_of(image(folder, padding=padding), folder / f"fresh-{os.urandom(3).hex()}.oci.tar")
