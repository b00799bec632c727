"""Machines without disks: QEMU starts them over its network, and with their kernel alone.

Nothing is given to the machines: their own password is read from their console.
"""

import hashlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run
from tests.engines_here import need
from tests.guests import plain_qemu
from tests.waiting import until

MEMORY = 256
"""MiB, as the demo's profile says: that of a machine with a disk."""


pytestmark = pytest.mark.timeout(600)  # the ISO is built in the first one's time


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the demo for networks."""
    need("libvirt")
    return _made(tmp_path_factory.mktemp("without-disk"), "netboot")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the demo for hypervisors that are given a kernel."""
    need("libvirt")
    return _made(tmp_path_factory.mktemp("kernel"), "kernel")


def _made(place: Path, form: str, *more: str) -> Path:
    out = place / form
    ended = abcd_run("artifact", "abcd4demo", "--to", form, "-o", str(out), "--quiet", *more)
    assert ended.status == 0, ended.err
    return out


def _answers(line: Sequence[str], console: Path, port: int) -> None:
    """Start a machine, and see its page with the password that its console tells."""
    with plain_qemu.running(line):
        password = plain_qemu.own_password(console)
        url = f"http://127.0.0.1:{port}/"
        assert plain_qemu.status(url, user="abcd", password=password) == 200, plain_qemu.text(
            console
        )


def _booting(
    console: Path, port: int, *, kind: str = "pc", card: str = "virtio-net-pci", network: str = ""
) -> list[str]:
    """Return the command of a machine that has nothing but a network card."""
    line = plain_qemu.line(console, port, kind=kind, memory=MEMORY, card=card)
    return [*(f"{word}{network}" if word.startswith("user,") else word for word in line)]


@pytest.mark.soak
def test_it_starts_by_tftp(folder: Path, tmp_path: Path) -> None:
    console, port = tmp_path / "console.log", plain_qemu.free_port()
    tftp = f",tftp={folder},bootfile=boot.ipxe"
    _answers([*_booting(console, port, network=tftp), "-boot", "n"], console, port)


def test_it_starts_by_http(tmp_path: Path) -> None:
    """As a room does: from `abcd-run netboot`, which the machine reaches at another address."""
    need("libvirt")
    console, port = tmp_path / "console.log", plain_qemu.free_port()
    with _served(tmp_path / "told") as url:
        script = url.replace("127.0.0.1", "10.0.2.2")
        line = _booting(console, port, card="e1000", network=f",bootfile={script}")
        _answers([*line, "-boot", "n"], console, port)
    told = (tmp_path / "told").read_text()
    names = re.findall(r"has got (\S+)", told)
    assert names == ["boot.ipxe", "kernel", "initrd"], told


@contextmanager
def _served(told: Path) -> Iterator[str]:
    """Serve the demo, and end that as a person does."""
    line = [sys.executable, "-m", "abcd_run", "netboot", "abcd4demo", "--json"]
    with told.open("w") as file:
        serving = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=file, text=True)
    with serving:
        assert serving.stdout
        document = ""
        while not document.endswith("\n}\n"):
            document += (read := serving.stdout.readline())
            assert read, told.read_text()
        yield json.loads(document)["url"]
        serving.send_signal(signal.SIGINT)
        assert serving.wait(20) == 0, told.read_text()


def test_it_starts_from_its_kernel(kernel: Path, tmp_path: Path) -> None:
    console, port = tmp_path / "console.log", plain_qemu.free_port()
    line = _booting(console, port)
    line += ["-kernel", f"{kernel}/vmlinuz", "-initrd", f"{kernel}/initrd"]
    arguments = (kernel / "cmdline").read_text().strip()
    _answers([*line, "-append", f"{arguments} no_timer_check"], console, port)


def test_it_starts_as_firecracker_starts_it(kernel: Path, tmp_path: Path) -> None:
    """In QEMU's machine after its model: an ELF kernel that is entered by PVH, and no PCI.

    Emulated, that machine has no clock to measure its own by.
    """
    told = json.loads((kernel / "firecracker.json").read_text())["boot-source"]
    console, port = tmp_path / "console.log", plain_qemu.free_port()
    line = _booting(console, port, kind="microvm", card="virtio-net-device")
    line += ["-cpu", "max", "-kernel", str(kernel / told["kernel_image_path"])]
    line += ["-initrd", str(kernel / told["initrd_path"])]
    _answers(
        [*line, "-append", f"{told['boot_args']} tsc_early_khz=2000000 no_timer_check"],
        console,
        port,
    )


def test_a_seed_in_its_initrd(tmp_path: Path) -> None:
    need("libvirt")
    (tmp_path / "password").write_text("it's ours")
    words = ("--password-file", str(tmp_path / "password"), "--hostname", "lab-1")
    made = _made(tmp_path, "kernel", *words)
    console, port = tmp_path / "console.log", plain_qemu.free_port()
    line = [*_booting(console, port), "-kernel", f"{made}/vmlinuz", "-initrd", f"{made}/initrd"]
    with plain_qemu.running([*line, "-append", (made / "cmdline").read_text().strip()]):
        until(lambda: "lab-1 login:" in plain_qemu.text(console), within=plain_qemu.SECONDS)
        url = f"http://127.0.0.1:{port}/"
        assert plain_qemu.status(url, user="abcd", password="it's ours") == 200, plain_qemu.text(
            console
        )
    assert "no CD labelled cidata" not in plain_qemu.text(console)
    assert "it's ours" not in plain_qemu.text(console)


@pytest.mark.parametrize("form", ["netboot", "kernel"])
def test_the_same_image_gives_the_same_bytes(
    request: pytest.FixtureRequest, tmp_path: Path, form: str
) -> None:
    made: Path = request.getfixturevalue({"netboot": "folder", "kernel": "kernel"}[form])
    assert _sums(_made(tmp_path, form)) == _sums(made)


def _sums(folder: Path) -> dict[str, str]:
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    return {
        str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest() for one in files
    }
