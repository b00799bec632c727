"""The live ISO boots to its page under plain QEMU: BIOS and UEFI, from CD and USB stick."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
from abcd_run.testing.cli import http_status
from tests.engines_here import need

SECONDS = 240
pytestmark = pytest.mark.timeout(600)  # the ISO is built in the first one's time

CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")


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


@pytest.fixture
def free_port() -> int:
    """Return a port that is free just now."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


@pytest.mark.parametrize("stick", [False, True], ids=["cd", "usb"])
@pytest.mark.parametrize("uefi", [False, True], ids=["bios", "uefi"])
def test_it_boots_to_the_page(
    plan: Plan, medium: Path, tmp_path: Path, free_port: int, *, uefi: bool, stick: bool
) -> None:
    vm_seed.write_seed(plan, tmp_path / "seed.iso")
    line = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-m", "512"]
    line += ["-display", "none", "-serial", f"file:{tmp_path / 'console.log'}"]
    line += ["-drive", f"file={tmp_path / 'seed.iso'},format=raw,media=cdrom,readonly=on"]
    line += ["-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{free_port}-:8080"]
    line += ["-device", "virtio-net-pci,netdev=n"]
    line += _firmware(tmp_path) if uefi else []
    line += _medium(medium, stick=stick)
    with _running(line):
        status = _status(f"http://127.0.0.1:{free_port}/", plan)
    assert status == 200, (tmp_path / "console.log").read_text(errors="replace")[-2000:]


def _firmware(folder: Path) -> list[str]:
    shutil.copy(VARIABLES, folder / "variables.fd")
    return [
        "-drive", f"if=pflash,format=raw,readonly=on,file={CODE}",
        "-drive", f"if=pflash,format=raw,file={folder / 'variables.fd'}",
    ]  # fmt: skip


def _medium(medium: Path, *, stick: bool) -> list[str]:
    if not stick:
        return ["-cdrom", str(medium)]
    return [
        "-device", "qemu-xhci",
        "-drive", f"if=none,id=stick,format=raw,readonly=on,file={medium}",
        "-device", "usb-storage,drive=stick,bootindex=1",
    ]  # fmt: skip


@contextmanager
def _running(line: list[str]) -> Iterator[None]:
    with subprocess.Popen(line) as process:
        try:
            yield
        finally:
            process.terminate()


def _status(url: str, plan: Plan) -> int:
    """Return the page's status once it answers; 0 if it never does."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            return http_status(url, user=plan.seed.user, password=plan.seed.password)[0]
        except OSError:
            time.sleep(0.2)
    return 0
