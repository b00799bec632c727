"""The parts of an ISO from which a machine boots."""

from pathlib import Path

from abcd_run.iso.cache import boot_folder
from abcd_run.model import Origin, Plan
from abcd_run_libvirt.hardware import Hardware
from abcd_run_libvirt.translate import Kernel


def kernel_of(iso: Path, *, unpacked: bool = False) -> Kernel:
    """Return the live session's kernel and initrd, extracted from the ISO on its first use.

    The kernel is an ELF file if it is wanted `unpacked`, and can be entered as such.
    """
    # Listing needs neither.
    from abcd_run.iso.direct import direct_boot  # noqa: PLC0415
    from abcd_run.kernel.bare import bare  # noqa: PLC0415

    boot = direct_boot(iso, boot_folder(iso))
    kernel = (bare(boot.kernel) if unpacked else None) or boot.kernel
    return Kernel(kernel, boot.initrd, boot.arguments)


def is_unpacked(plan: Plan, hardware: Hardware) -> bool:
    """Say whether a machine's kernel is unpacked before: emulated, it would take three seconds.

    UEFI starts no such kernel. Those of published ISOs may have no screen but what the BIOS set up,
    which is not told to a kernel that is entered like that.
    """
    ours = plan.source.origin is not Origin.ISO
    return ours and (hardware.accel, hardware.firmware) == ("tcg", "bios")
