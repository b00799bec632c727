"""The live ISO boots to its page under plain QEMU: BIOS and UEFI, from CD and USB stick."""

from pathlib import Path

import pytest

from abcd_run.artifact import obtain
from abcd_run.backend import vm_seed
from abcd_run.images.catalogue import Catalogue
from abcd_run.model import Plan
from abcd_run.plan import image_word, planner
from abcd_run.plan.request import Request
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from tests.engines_here import need
from tests.guests import plain_qemu

pytestmark = pytest.mark.timeout(600)  # the ISO is built in the first one's time


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Return a plan of the demo for a machine."""
    need("libvirt")
    request = Request("abcd4demo", on=("libvirt",), name="iso-boot")
    with Fleet(Registry.installed()) as fleet:
        wanted = image_word.resolve(request, Catalogue.usual())
        return planner.plan(request, wanted, fleet).plans[0]


@pytest.fixture(scope="module")
def medium(plan: Plan) -> Path:
    """Return its ISO, built where it is not there yet."""
    with Fleet(Registry.installed()) as fleet:
        path = obtain(plan, fleet, say=lambda _: None).path
    assert path is not None
    return path


@pytest.mark.parametrize(
    ("uefi", "stick"),
    [
        pytest.param(False, False, id="bios-cd"),
        pytest.param(False, True, id="bios-usb", marks=pytest.mark.soak),
        pytest.param(True, False, id="uefi-cd", marks=pytest.mark.soak),
        pytest.param(True, True, id="uefi-usb"),
    ],
)
def test_it_boots_to_the_page(
    plan: Plan, medium: Path, tmp_path: Path, *, uefi: bool, stick: bool
) -> None:
    vm_seed.write_seed(plan, tmp_path / "seed.iso")
    console, port = tmp_path / "console.log", plain_qemu.free_port()
    line = plain_qemu.line(console, port, kind="q35", memory=512, card="virtio-net-pci")
    line += ["-drive", f"file={tmp_path / 'seed.iso'},format=raw,media=cdrom,readonly=on"]
    line += plain_qemu.uefi(tmp_path) if uefi else []
    line += _medium(medium, stick=stick)
    url, seed = f"http://127.0.0.1:{port}/", plan.seed
    with plain_qemu.running(line):
        status = plain_qemu.status(url, user=seed.user, password=seed.password)
    assert status == 200, console.read_text(errors="replace")[-2000:]


def _medium(medium: Path, *, stick: bool) -> list[str]:
    if not stick:
        return ["-cdrom", str(medium)]
    return [
        "-device", "qemu-xhci",
        "-drive", f"if=none,id=stick,format=raw,readonly=on,file={medium}",
        "-device", "usb-storage,drive=stick,bootindex=1",
    ]  # fmt: skip
