"""What hypervisors that are given a kernel read: one settings file for each.

A kernel's arguments are plain words (`parts.PLAIN`), and a machine's name is too: nothing of them
needs quotes in any of these.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from abcd_run.kernel.parts import on_serial_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abcd_run.disk.machine import Machine

XEN: Final = """\
# For Xen, as a PVH guest. In this folder: xl create -c xen.cfg
name = "{name}"
type = "pvh"
kernel = "vmlinuz"
ramdisk = "initrd"
cmdline = "{line}"
memory = {memory}
vcpus = {cpus}
# The default bridge, which has a DHCP server.
vif = [ "" ]
on_poweroff = "destroy"
on_reboot = "restart"
on_crash = "destroy"
"""

CLOUD_HYPERVISOR: Final = """\
#!/bin/sh
# For Cloud Hypervisor. In this folder: sh cloud-hypervisor.sh
# tap0 is a device of yours, on a network with a DHCP server.
exec cloud-hypervisor --kernel vmlinux --initramfs initrd \\
    --cmdline "{line}" \\
    --cpus boot={cpus} --memory size={memory}M --net tap=tap0 --serial tty --console off
"""

XVISOR: Final = """\
# For XVisor on x86, in its shell: xscript run /guests/{name}.xscript
# Its guests for x86 start from a BIOS and a disk and are given no kernel: put the disk that
# "abcd-run artifact {name} --to raw" writes where the guest's device tree says (blkdev).
# Device tree and BIOS are XVisor's: tests/x86/intel-guest.dts, with {memory} MiB of RAM added
# above 1 MiB, and its SeaBIOS. Nobody has tried this.
vfs guest_fdt_load {guest} /guests/intel/intel-guest.dtb 1
guest create {guest}
vfs guest_load {guest} 0xE0000 /guests/common/bios.bin
guest kick {guest}
vserial bind {guest}/uart0
"""

README: Final = """\
{name} as a kernel, and an initrd that carries the whole system: no disk, and nothing is kept.

vmlinuz               the kernel
{elf}initrd                the initrd
cmdline               the kernel's arguments
xen.cfg               Xen, PVH:         xl create -c xen.cfg
firecracker.json      Firecracker:      firecracker --no-api --config-file firecracker.json
cloud-hypervisor.sh   Cloud Hypervisor: sh cloud-hypervisor.sh
xvisor.xscript        XVisor on x86; read it first
{without}
QEMU:
  qemu-system-x86_64 -m {memory} -nographic -nic user,model=virtio-net-pci \\
    -kernel vmlinuz -initrd initrd -append "$(cat cmdline)"

Give a machine at least {memory} MiB. abcd-run's docs/machines.md says which of these were tried.

{login}
"""

WITH_ELF: Final = "vmlinux               the kernel as an ELF file{pvh}\n"
WITHOUT: Final = """
This kernel could not be unpacked: make vmlinux with the kernel's scripts/extract-vmlinux for
Firecracker and Cloud Hypervisor.
"""


def texts(
    machine: Machine, arguments: Sequence[str], *, elf: bool, pvh: bool, login: str
) -> dict[str, str]:
    """Return the texts of the files beside kernel and initrd, by name."""
    values = {"name": machine.name, "memory": machine.memory, "cpus": machine.cpus}
    screenless = on_serial_line(arguments, "ttyS0")
    about = WITH_ELF.format(pvh=", with an entry for PVH" if pvh else "") if elf else ""
    return {
        "cmdline": " ".join(arguments) + "\n",
        "xen.cfg": XEN.format(line=on_serial_line(arguments, "hvc0"), **values),
        "firecracker.json": _firecracker(machine, screenless),
        "cloud-hypervisor.sh": CLOUD_HYPERVISOR.format(line=screenless, **values),
        "xvisor.xscript": XVISOR.format(guest="guest0", **values),
        "README": README.format(elf=about, without="" if elf else WITHOUT, login=login, **values),
    }


def _firecracker(machine: Machine, line: str) -> str:
    described = {
        "boot-source": {
            "kernel_image_path": "vmlinux",
            "initrd_path": "initrd",
            "boot_args": f"{line} reboot=k panic=1",
        },
        "drives": [],
        "machine-config": {"vcpu_count": machine.cpus, "mem_size_mib": machine.memory},
        "network-interfaces": [{"iface_id": "eth0", "host_dev_name": "tap0"}],
    }
    return json.dumps(described, indent=2) + "\n"
