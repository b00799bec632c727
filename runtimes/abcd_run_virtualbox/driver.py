"""Find out, before any machine starts, what on this host would prevent it."""

import platform
import sys
from pathlib import Path

from abcd_run_virtualbox.errors import DRIVER, FIRMWARE, KVM_ON, NO_KVM

SHARES_SINCE = (7, 2, 10)
"""The first VirtualBox that shares the processor with KVM, and so needs KVM to enable it."""

CLOSES_SINCE = (7, 0, 0)
"""The first VirtualBox that can keep machines off the host's loopback."""

LOOPBACK = (
    "machines can reach the services on this host's loopback as you, through 10.0.2.2: "
    "VirtualBox 7.0 and later can prevent that"
)
Version = tuple[int, int, int]


def arm(system: str = sys.platform) -> bool:
    """Say whether this computer cannot run x86 machines."""
    return system == "darwin" and platform.machine() == "arm64"


def notes(version: Version, *, root: Path = Path("/")) -> tuple[str, ...]:
    """Return the reasons why a Linux host's kernel may prevent machines from starting."""
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
    """Return what this version cannot protect from machines."""
    if version >= CLOSES_SINCE:
        return ()
    return (LOOPBACK,)


def _kvm(version: Version, root: Path) -> str:
    """Check KVM: since Linux 6.12 it claims the processor when loaded, unless configured not to."""
    modules = root / "sys/module"
    if not any((modules / name).is_dir() for name in ("kvm_intel", "kvm_amd")):
        return ""
    try:
        held = (modules / "kvm/parameters/enable_virt_at_load").read_text().strip() == "Y"
    except OSError:  # in older kernels, KVM claims it only while one of its own machines runs
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
