"""What of this host keeps machines from starting, as far as it can be seen before one does."""

import platform
import sys
from pathlib import Path

from abcd_run_virtualbox.errors import DRIVER, FIRMWARE, KVM_ON, NO_KVM

SHARES_SINCE = (7, 2, 10)
"""The first VirtualBox that asks KVM for the processor, and then needs it switched on."""

CLOSES_SINCE = (7, 0, 0)
"""The first VirtualBox that keeps machines from the host's loopback."""

LOOPBACK = (
    "machines can reach the services on this host's loopback as you, through 10.0.2.2: "
    "VirtualBox 7.0 and later can prevent that"
)
Version = tuple[int, int, int]


def arm(system: str = sys.platform) -> bool:
    """Say whether this is a computer on which machines for x86 cannot run."""
    return system == "darwin" and platform.machine() == "arm64"


def notes(version: Version, *, root: Path = Path("/")) -> tuple[str, ...]:
    """Return what a Linux host's kernel says against starting machines."""
    if not (root / "proc").is_dir():
        return ()
    against = []
    if not (root / "dev/vboxdrv").exists():
        against.append(f"its kernel driver is not loaded (no /dev/vboxdrv): {DRIVER}")
    if note := _kvm(version, root):
        against.append(note)
    if not _virtualizes(root):
        against.append(f"the processor reports no virtualization: {FIRMWARE}")
    return tuple(against)


def advice(version: Version) -> tuple[str, ...]:
    """Return what this version cannot keep machines from."""
    if version >= CLOSES_SINCE:
        return ()
    return (LOOPBACK,)


def _kvm(version: Version, root: Path) -> str:
    """Since Linux 6.12 KVM takes the processor when it is loaded, unless it is told not to."""
    modules = root / "sys/module"
    if not any((modules / name).is_dir() for name in ("kvm_intel", "kvm_amd")):
        return ""
    try:
        held = (modules / "kvm/parameters/enable_virt_at_load").read_text().strip() == "Y"
    except OSError:  # older kernels' KVM takes it only while one of its own machines runs
        return ""
    if version < SHARES_SINCE and held:
        return f"KVM holds the processor's virtualization: {NO_KVM}"
    if version >= SHARES_SINCE and not held:
        return f"KVM keeps the processor's virtualization disabled: {KVM_ON}"
    return ""


def _virtualizes(root: Path) -> bool:
    try:
        flags = (root / "proc/cpuinfo").read_text()
    except OSError:
        return True
    return " vmx" in flags or " svm" in flags or "flags" not in flags
