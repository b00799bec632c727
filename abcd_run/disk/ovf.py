"""An appliance for VMware and VirtualBox: OVF 1.0 (DMTF DSP0243) in a tar.

All devices are such that both hypervisors have them and the image's kernel has their drivers.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Final

from abcd_run.concurrency.cancel import check
from abcd_run.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from abcd_run.disk.machine import Machine

EPOCH: Final = 315532800  # 1980, as in the ISO's FAT
LARGEST: Final = 8 << 30  # of a file in the tar that the standard asks for

OVF: Final = "http://schemas.dmtf.org/ovf/envelope/1"
_CIM: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2"
RASD: Final = f"{_CIM}/CIM_ResourceAllocationSettingData"
VSSD: Final = f"{_CIM}/CIM_VirtualSystemSettingData"
COMPRESSED: Final = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"
LINUX: Final = "101"  # CIM's number of Linux, 64 bits
NETWORK: Final = "NAT"
FAMILY: Final = "vmx-10 virtualbox-2.2"

AHCI: Final = "vmware.sata.ahci"
"""VMware's word, which VirtualBox knows too; VMware does not know VirtualBox's."""

PROCESSOR, RAM, CARD, DISK, SATA = "3", "4", "10", "17", "20"


def write(out: Path, machine: Machine, disk: Path, *, capacity: int) -> None:
    """Write an OVA: description, checksums, and the disk, a stream-optimized VMDK.

    `capacity` is the disk's size in bytes as the machine sees it.
    """
    size = disk.stat().st_size
    if size >= LARGEST:
        raise ArtifactError(
            f"{machine.name} is too large for an OVA",
            details="a file in an OVA must be smaller than 8 GiB",
            remedy="abcd-run artifact IMAGE --to vmx -o FILE.vmx",
        )
    names = [f"{machine.name}{end}" for end in (".ovf", ".mf", "-disk1.vmdk")]
    text = described(machine, names[2], size=size, capacity=capacity)
    sums = _sum_line(names[0], hashlib.sha256(text).hexdigest())
    with disk.open("rb") as file:
        sums += _sum_line(names[2], hashlib.file_digest(file, "sha256").hexdigest())
    with tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in zip(names, (text, sums.encode()), strict=False):
            tar.addfile(_entry(name, len(content)), io.BytesIO(content))
        with disk.open("rb") as file:
            check()
            tar.addfile(_entry(names[2], size), file)


def described(machine: Machine, disk: str, *, size: int, capacity: int) -> bytes:
    """Return the description of a machine with one disk, a file of `size` bytes beside it."""
    envelope = ET.Element(_ovf("Envelope"))
    files = ET.SubElement(envelope, _ovf("References"))
    _sub(files, "File", id="file1", href=disk, size=str(size))
    disks = _section(envelope, "DiskSection", "The disk, which is never written to")
    _sub(disks, "Disk", diskId="disk1", fileRef="file1", capacity=str(capacity), format=COMPRESSED)
    networks = _section(envelope, "NetworkSection", "The network of the machine's card")
    network = _sub(networks, "Network", name=NETWORK)
    _sub(network, "Description").text = "A network with DHCP"
    _system(envelope, machine)
    ET.indent(envelope)
    for prefix, space in (("ovf", OVF), ("rasd", RASD), ("vssd", VSSD)):
        ET.register_namespace(prefix, space)
    text: bytes = ET.tostring(envelope, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _system(envelope: ET.Element, machine: Machine) -> None:
    system = _sub(envelope, "VirtualSystem", id=machine.name)
    _sub(system, "Info").text = "A live system"
    _sub(system, "Name").text = machine.name
    notes = _section(system, "AnnotationSection", "What to know")
    _sub(notes, "Annotation").text = "\n".join(machine.notes)
    kind = _section(system, "OperatingSystemSection", "The kind of system", id=LINUX)
    _sub(kind, "Description").text = "Linux, 64 bits"
    hardware = _section(system, "VirtualHardwareSection", "The machine")
    itself = _sub(hardware, "System")
    names = {"ElementName": "Virtual hardware", "InstanceID": "0",
             "VirtualSystemIdentifier": machine.name, "VirtualSystemType": FAMILY}  # fmt: skip
    for name, value in names.items():
        ET.SubElement(itself, f"{{{VSSD}}}{name}").text = value
    for number, item in enumerate(_items(machine), start=1):
        element = _sub(hardware, "Item")
        # In alphabetical order, as the schema has them.
        for name, value in sorted({**item, "InstanceID": str(number)}.items()):
            ET.SubElement(element, f"{{{RASD}}}{name}").text = value


def _items(machine: Machine) -> Iterator[dict[str, str]]:
    cpus, memory = str(machine.cpus), str(machine.memory)
    yield {"ElementName": "Processors", "ResourceType": PROCESSOR,
           "AllocationUnits": "hertz * 10^6", "VirtualQuantity": cpus}  # fmt: skip
    yield {"ElementName": "Memory", "ResourceType": RAM,
           "AllocationUnits": "byte * 2^20", "VirtualQuantity": memory}  # fmt: skip
    yield {"ElementName": "SATA", "ResourceType": SATA, "ResourceSubType": AHCI, "Address": "0"}
    yield {"ElementName": "Disk", "ResourceType": DISK, "HostResource": "ovf:/disk/disk1",
           "Parent": "3", "AddressOnParent": "0"}  # fmt: skip
    yield {"ElementName": "Ethernet", "ResourceType": CARD, "ResourceSubType": "E1000",
           "Connection": NETWORK, "AutomaticAllocation": "true"}  # fmt: skip


def _section(parent: ET.Element, name: str, info: str, /, **attributes: str) -> ET.Element:
    section = _sub(parent, name, **attributes)
    _sub(section, "Info").text = info
    return section


def _sub(parent: ET.Element, name: str, /, **attributes: str) -> ET.Element:
    words = {_ovf(key): value for key, value in attributes.items()}
    return ET.SubElement(parent, _ovf(name), words)


def _ovf(name: str) -> str:
    return f"{{{OVF}}}{name}"


def _sum_line(name: str, digest: str) -> str:
    return f"SHA256({name})= {digest}\n"


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, EPOCH, 0o644
    return entry
