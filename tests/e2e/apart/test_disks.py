"""Disks and appliances: others read them, and QEMU starts them with their hypervisors' devices.

Nothing is given to the machines: their own password is read from their console.
"""

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
from dissect.hypervisor.descriptor.ovf import OVF
from dissect.hypervisor.descriptor.vmx import VMX
from dissect.hypervisor.disk.qcow2 import QCow2
from dissect.hypervisor.disk.vhdx import VHDX
from dissect.hypervisor.disk.vmdk import VMDK

from abcd_run.disk.machine import LEAST_FOR_UEFI
from abcd_run.testing.cli import abcd_run
from abcd_run_virtualbox import parse
from tests.engines_here import need
from tests.guests import plain_qemu

FORMS = ("raw", "qcow2", "vmdk", "vhdx", "ova", "vmx")
MEMORY = 256
"""MiB, as the demo's profile says."""

MIB = 1 << 20

pytestmark = pytest.mark.timeout(600)  # the ISO is built in the first one's time


@dataclass(frozen=True)
class Boot:
    """A machine of QEMU's that starts one of the disks."""

    file: str
    form: str
    kind: str
    card: str
    disk: tuple[str, ...]
    uefi: bool = False


BOOTS = {
    "vmware-pvscsi": Boot("demo-disk1.vmdk", "vmdk", "pc", "vmxnet3", ("pvscsi", "scsi-hd")),
    "appliance-sata": Boot("abcd4demo-disk1.vmdk", "vmdk", "q35", "e1000", ("ide-hd",)),
    "lsi": Boot("demo.qcow2", "qcow2", "pc", "pcnet", ("lsi53c895a", "scsi-hd")),
    "ide": Boot("demo.raw", "raw", "pc", "e1000", ("ide-hd",)),
    "uefi": Boot("demo.vhdx", "vhdx", "q35", "e1000e", ("ide-hd",), uefi=True),
}

OFTEN = ("vmware-pvscsi",)
"""Those that each run starts; `make soak` starts all. UEFI starts ISOs in each run."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the demo in all forms, and what is in the appliance."""
    need("libvirt")
    folder = tmp_path_factory.mktemp("disks")
    _make(folder)
    _run("tar", "--extract", "--directory", str(folder), "--file", str(folder / "demo.ova"))
    return folder


def _make(folder: Path) -> None:
    for form in FORMS:
        out = str(folder / f"demo.{form}")
        ended = abcd_run("artifact", "abcd4demo", "--to", form, "-o", out, "--quiet")
        assert ended.status == 0, ended.err


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in OFTEN else pytest.mark.soak) for name in BOOTS],
)
def test_it_boots_to_its_page(made: Path, tmp_path: Path, name: str) -> None:
    boot, console, port = BOOTS[name], tmp_path / "console.log", plain_qemu.free_port()
    before = _sum(made / boot.file)
    memory = LEAST_FOR_UEFI if boot.uefi else MEMORY
    line = plain_qemu.line(console, port, kind=boot.kind, memory=memory, card=boot.card)
    line += plain_qemu.uefi(tmp_path) if boot.uefi else []
    line += ["-drive", f"if=none,id=disk,format={boot.form},file={made / boot.file}"]
    *adapter, disk = boot.disk
    for device in (*adapter, f"{disk},drive=disk,bootindex=1"):
        line += ["-device", device]
    with plain_qemu.running(line):
        password = plain_qemu.own_password(console)
        url = f"http://127.0.0.1:{port}/"
        assert plain_qemu.status(url, user="abcd", password=password) == 200, plain_qemu.text(
            console
        )
    # Neither firmware nor system had anything to repair or to keep.
    assert _sum(made / boot.file) == before


def test_qemu_img_reads_each_as_the_same_disk(made: Path) -> None:
    files = {boot.file: boot.form for boot in BOOTS.values()} | {"demo.vmdk": "vmdk"}
    assert {Path(name).suffix for name in files} == {".raw", ".qcow2", ".vmdk", ".vhdx"}
    for name, form in files.items():
        if form != "raw":
            _run("qemu-img", "check", "-f", form, str(made / name))
            both = str(made / "demo.raw"), str(made / name)
            _run("qemu-img", "compare", "-f", "raw", "-F", form, *both)


def test_another_reader_reads_each_as_the_same_disk(made: Path) -> None:
    raw = made / "demo.raw"
    readers: dict[str, Any] = {
        "demo.qcow2": lambda file: QCow2(file).open(),
        "demo.vhdx": VHDX,
        "demo.vmdk": VMDK,
        "demo-disk1.vmdk": VMDK,
        "abcd4demo-disk1.vmdk": VMDK,
    }
    for name, reader in readers.items():
        with (made / name).open("rb") as file:
            disk = reader(file)
            assert disk.size == raw.stat().st_size, name
            assert _content(disk) == _sum(raw), name


def _content(disk: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := disk.read(MIB):
        digest.update(piece)
    return digest.hexdigest()


def test_another_reader_reads_the_settings(made: Path) -> None:
    settings = VMX.parse((made / "demo.vmx").read_text())
    assert settings.disks() == ["demo-disk1.vmdk"]
    assert settings.attr["memsize"] == str(MEMORY)
    with (made / "abcd4demo.ovf").open() as file:
        assert list(OVF(file).disks()) == ["abcd4demo-disk1.vmdk"]


def test_the_same_image_gives_the_same_bytes(made: Path, tmp_path: Path) -> None:
    _make(tmp_path)
    again = sorted(tmp_path.iterdir())
    assert len(again) == len(FORMS) + 2
    assert [path.name for path in again if _sum(path) != _sum(made / path.name)] == []


@pytest.fixture
def imported(made: Path) -> Iterator[dict[str, str]]:
    """Have VirtualBox import the appliance; return what it then says of the machine."""
    need("virtualbox")
    _run("VBoxManage", "import", "--dry-run", str(made / "demo.ova"))
    name = f"import-{made.parent.name}"
    before = _run("VBoxManage", "list", "hdds")
    _run("VBoxManage", "import", str(made / "demo.ova"), "--vsys", "0", "--vmname", name)
    try:
        yield parse.facts(_run("VBoxManage", "showvminfo", name, "--machinereadable"))
    finally:
        _run("VBoxManage", "unregistervm", name, "--delete")
    assert _run("VBoxManage", "list", "hdds") == before


def test_virtualbox_imports_the_appliance(imported: dict[str, str]) -> None:
    wanted = {
        "memory": str(MEMORY),
        "cpus": "1",
        "storagecontrollertype0": "IntelAhci",
        "nic1": "nat",
        "nictype1": "82540EM",
        "firmware": "BIOS",
    }
    assert {key: imported.get(key) for key in wanted} == wanted
    disks = [value for key, value in imported.items() if value.endswith("-disk1.vmdk")]
    assert len(disks) == 1


def _run(*line: str) -> str:
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{line}: {ended.stdout}{ended.stderr}"
    return ended.stdout
