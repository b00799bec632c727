"""A machine of VMware's: its settings, for a disk that lies beside them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from abcd_run.disk.machine import Machine


def settings(machine: Machine, disk: str, *, cds: Iterable[str] = ()) -> str:
    """Return the text of a .vmx file for a machine with VMware's own disk and network devices.

    Files in `cds` are its CDs.
    """
    values = {
        ".encoding": "UTF-8",
        "config.version": "8",
        "virtualHW.version": "10",
        "displayName": machine.name,
        "annotation": "\n".join(machine.notes),
        "guestOS": "otherlinux-64",
        "firmware": "bios",
        "memsize": str(machine.memory),
        "numvcpus": str(machine.cpus),
        "pciBridge0.present": "TRUE",
        "pciBridge4.present": "TRUE",
        "pciBridge4.virtualDev": "pcieRootPort",
        "pciBridge4.functions": "8",
        "scsi0.present": "TRUE",
        "scsi0.virtualDev": "pvscsi",
        "scsi0:0.present": "TRUE",
        "scsi0:0.fileName": disk,
        "ethernet0.present": "TRUE",
        "ethernet0.virtualDev": "vmxnet3",
        "ethernet0.connectionType": "nat",
        "ethernet0.addressType": "generated",
        "floppy0.present": "FALSE",
        "usb.present": "TRUE",
    }
    for number, name in enumerate(cds):
        drive = f"ide1:{number}"
        values |= {f"{drive}.present": "TRUE", f"{drive}.deviceType": "cdrom-image"}
        values[f"{drive}.fileName"] = name
    return "".join(f'{key} = "{_quoted(value)}"\n' for key, value in values.items())


def _quoted(value: str) -> str:
    """Write what would end a value, or begin such a code, by its number in hexadecimal."""
    return re.sub(r'["|\x00-\x1f]', lambda match: f"|{ord(match[0]):02X}", value)
