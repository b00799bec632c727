"""The parts of an ISO from which a machine boots."""

from pathlib import Path

from abcd_run.iso.cache import boot_folder
from abcd_run_libvirt.translate import Kernel


def kernel_of(iso: Path) -> Kernel:
    """Return the live session's kernel and initrd, extracted from the ISO on its first use."""
    from abcd_run.iso.direct import direct_boot  # noqa: PLC0415  (listing does not need it)

    boot = direct_boot(iso, boot_folder(iso))
    return Kernel(boot.kernel, boot.initrd, boot.arguments)
