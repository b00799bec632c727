"""Sticks: QEMU starts a written one from USB, by BIOS and by UEFI, and never an interrupted one.

A plain file stands for the stick: an ordinary user has no devices. `tests/sticks` writes real ones.
"""

import re
from pathlib import Path

import pytest

from abcd_run.disk.machine import LEAST_FOR_UEFI
from abcd_run.stick.block import Disk
from abcd_run.stick.device import Device
from abcd_run.stick.write import write
from abcd_run.testing.cli import abcd_run
from tests.engines_here import need
from tests.guests import plain_qemu
from tests.waiting import until

SIZE = 128 << 20
OWN = re.compile(r"no password in the seed; this instance's is (\w+)")

pytestmark = pytest.mark.timeout(600)  # the ISO is built in the first one's time


class PulledOut(Exception):
    """What a stick says that has gone."""


@pytest.fixture(scope="module")
def iso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo's live ISO."""
    need("libvirt")
    out = tmp_path_factory.mktemp("sticks") / "demo.iso"
    ended = abcd_run("artifact", "abcd4demo", "--to", "iso", "-o", str(out), "--quiet")
    assert ended.status == 0, ended.err
    return out


def _written(iso: Path, stick: Path, *, until_told: str = "") -> Path:
    """Write a stick that was full of something else; pull it out once it is told how far it is."""

    def say(text: str) -> None:
        if until_told and text.startswith(until_told):
            raise PulledOut

    with stick.open("wb") as file:
        file.write(b"old!" * (SIZE // 4))
    disk = Disk("sdb", stick, "0:0", SIZE, 512, "QEMU", "stick", "1", "usb", read_only=False)
    device = Device(stick)
    try:
        write(iso, disk, device, say=say)
    except PulledOut:
        assert until_told
    finally:
        device.close()
    return stick


def _line(stick: Path, console: Path, port: int, *, memory: int = 256) -> list[str]:
    line = plain_qemu.line(console, port, kind="q35", memory=memory, card="e1000e")
    line += ["-drive", f"if=none,id=disk,format=raw,file={stick}", "-device", "qemu-xhci"]
    return [*line, "-device", "usb-storage,drive=disk,bootindex=1,removable=on"]


def _text(console: Path) -> str:
    return console.read_text(errors="replace") if console.exists() else ""


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_it_starts_from_usb(iso: Path, tmp_path: Path, firmware: str) -> None:
    stick = _written(iso, tmp_path / "stick")
    console, port = tmp_path / "console.log", plain_qemu.free_port()
    uefi = plain_qemu.uefi(tmp_path) if firmware == "uefi" else []
    line = _line(stick, console, port, memory=LEAST_FOR_UEFI if uefi else 256)
    with plain_qemu.running([*line, *uefi]):
        until(lambda: bool(OWN.search(_text(console))), within=plain_qemu.SECONDS)
        (password,) = OWN.findall(_text(console))
        url = f"http://127.0.0.1:{port}/"
        assert plain_qemu.status(url, user="abcd", password=password) == 200, _text(console)


def test_an_interrupted_one_never_starts(iso: Path, tmp_path: Path) -> None:
    """Not even when all but its first MiB was there, as far as it is told."""
    stick = _written(iso, tmp_path / "stick", until_told="waiting for the disk")
    assert not any(stick.read_bytes()[: 1 << 20])
    console, told = tmp_path / "console.log", tmp_path / "bios.log"
    line = _line(stick, console, plain_qemu.free_port())
    line += ["-chardev", f"file,id=bios,path={told}"]
    line += ["-device", "isa-debugcon,iobase=0x402,chardev=bios"]
    with plain_qemu.running(line):
        until(lambda: "not a bootable disk" in _text(told), within=plain_qemu.SECONDS)
    assert "Booting from Hard Disk" in _text(told)
