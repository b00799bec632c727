"""What hypervisors are told: OVF, VMX, PowerShell, in words that cannot be taken for others."""

import hashlib
import tarfile
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from abcd_run.disk import hyperv, machine, ovf, vmx
from abcd_run.disk.machine import Machine
from abcd_run.errors import ArtifactError
from abcd_run.model import Resources, Service
from tests.unit.plans import MACHINE

LAB = Machine("lab", memory=512, cpus=2, notes=('say "hi" | more', "port 8080"))
HOSTILE = "x'; rm -rf / \n\"`$(y)<&"


@pytest.mark.parametrize(
    ("wanted", "memory", "cpus"),
    [
        (Resources(), 1024, 1),
        (Resources(memory=256 << 20, cpus=0.5), 256, 1),
        (Resources(memory=(257 << 20) + 1, cpus=1.5), 260, 2),
    ],
)
def test_sizes_are_whole(wanted: Resources, memory: int, cpus: int) -> None:
    made = machine.of(replace(MACHINE, resources=wanted))
    assert (made.memory, made.cpus) == (memory, cpus)


def test_names_and_notes_are_plain() -> None:
    services = (Service(HOSTILE, 80, "http"),)
    made = machine.of(replace(MACHINE, image=HOSTILE, services=services))
    assert made.name == "x-rm--rf-y"
    assert not any("\n" in note for note in made.notes)
    assert machine.of(replace(MACHINE, image="/")).name == "machine"


def test_an_appliance_names_its_disk_its_sizes_and_its_sums(tmp_path: Path) -> None:
    disk, out = tmp_path / "disk", tmp_path / "lab.ova"
    disk.write_bytes(b"streamed")
    ovf.write(out, LAB, disk, capacity=3 << 20)
    with tarfile.open(out) as tar:
        assert tar.getnames() == ["lab.ovf", "lab.mf", "lab-disk1.vmdk"]
        texts = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    sums = [line.split("= ") for line in texts.pop("lab.mf").decode().splitlines()]
    assert sums == [
        [f"SHA256({name})", hashlib.sha256(text).hexdigest()] for name, text in texts.items()
    ]
    root = ET.fromstring(texts["lab.ovf"])
    spaces = {"ovf": ovf.OVF, "rasd": ovf.RASD}
    described = root.find("ovf:DiskSection/ovf:Disk", spaces)
    assert described is not None
    assert described.get(f"{{{ovf.OVF}}}capacity") == str(3 << 20)
    quantities = [one.text for one in root.iterfind(".//rasd:VirtualQuantity", spaces)]
    assert quantities == ["2", "512"]
    devices = [one.text for one in root.iterfind(".//rasd:ResourceSubType", spaces)]
    assert devices == ["vmware.sata.ahci", "E1000"]
    assert root.findtext(".//ovf:Annotation", namespaces=spaces) == "\n".join(LAB.notes)


def test_one_too_large_for_a_tar_is_refused(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(ovf.LARGEST)
    with pytest.raises(ArtifactError, match="too large for an OVA") as caught:
        ovf.write(tmp_path / "lab.ova", LAB, disk, capacity=ovf.LARGEST)
    assert "--to vmx" in caught.value.remedy


def test_a_value_of_a_vmx_cannot_end_itself() -> None:
    lines = vmx.settings(LAB, "lab-disk1.vmdk").splitlines()
    assert 'annotation = "say |22hi|22 |7C more|0Aport 8080"' in lines
    assert 'memsize = "512"' in lines
    assert 'scsi0.virtualDev = "pvscsi"' in lines
    assert 'ethernet0.virtualDev = "vmxnet3"' in lines


def test_the_script_has_the_memory_that_uefi_needs() -> None:
    small = hyperv.script(replace(LAB, memory=256))
    assert f"-MemoryStartupBytes {320 << 20} " in small
    assert f"-MemoryStartupBytes {512 << 20} " in hyperv.script(LAB)
    assert "-EnableSecureBoot Off\r\n" in small
    assert [line for line in small.split("\r\n") if "port 8080" in line] == ["# port 8080"]


def test_a_seeds_cd_is_attached() -> None:
    settings = vmx.settings(LAB, "a.vmdk", cds=['a"seed.iso'])
    assert 'ide1:0.fileName = "a|22seed.iso"\n' in settings
    assert 'ide1:0.deviceType = "cdrom-image"\n' in settings
    assert "ide1" not in vmx.settings(LAB, "a.vmdk")
    script = hyperv.script(LAB, cds=["it's-seed.iso"])
    assert "Add-VMDvdDrive -VMName $Name -Path (Join-Path $PSScriptRoot 'it''s-seed.iso')" in script
    assert script.index("Add-VMDvdDrive") < script.index("Start-VM")
    assert "Add-VMDvdDrive" not in hyperv.script(LAB)
