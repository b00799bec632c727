"""What to type on each system to install a program, and what only Linux can do."""

import sys

BUILDS = sys.platform not in {"win32", "darwin"}
"""Whether this system has the programs that build images and live ISOs."""

KNOWN = {
    "darwin": {
        "skopeo": "brew install skopeo",
        "virt-viewer": "brew install virt-viewer",
        "qemu-utils": "brew install qemu",
    },
    "win32": {
        "openssh-client": "Settings, System, Optional features: OpenSSH Client",
        "virt-viewer": "winget install RedHat.VirtViewer",
        "qemu-utils": "winget install SoftwareFreedomConservancy.QEMU",
    },
}
SEARCH = {"darwin": "brew search", "win32": "winget search"}


def search(program: str) -> str:
    """Return what finds the package of a program whose package is unknown."""
    return f"{SEARCH.get(sys.platform, 'apt-cache search')} {program}"


def line(package: str) -> str:
    """Return what installs a program, by the name of its package in Debian."""
    if sys.platform in KNOWN:
        return KNOWN[sys.platform].get(package, search(package))
    return f"sudo apt install {package}"


def elsewhere(image: str = "IMAGE") -> str:
    """Return how the live ISO of an image comes to a system that cannot build one."""
    return f"get its live ISO, made on Linux by: abcd-run artifact {image} --to iso"
