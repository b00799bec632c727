"""Sticks: QEMU starts a written one from USB, by BIOS and by UEFI, and never an interrupted one.

A plain file stands for the stick: an ordinary user has no devices. `tests/sticks` writes real ones.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from abcd_run import Session
from abcd_run.disk.machine import LEAST_FOR_UEFI
from abcd_run.session import sticks
from abcd_run.stick import keeping
from abcd_run.stick.block import Disk
from abcd_run.stick.device import Device
from abcd_run.stick.write import write
from abcd_run.testing.cli import abcd_run
from tests.engines_here import need
from tests.guests import plain_qemu
from tests.unit.stick.trees import Tree
from tests.waiting import until

MIB = 1 << 20
SIZE = 128 * MIB
LARGER = 192 * MIB
PASSWORD = "of-the-stick"
FEATURES, LABEL = 1024 + 96, 1024 + 120
"""Bytes from the start of ext4 to the features that a kernel must know, and to its label."""
NEEDS_RECOVERY = 4
PARTITION = 64 * 512
"""Where the ISO's own partition starts, as a second ISO."""

pytestmark = pytest.mark.timeout(900)  # the ISO is built in the first one's time

Ask = Callable[[str], str]


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


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Return a host whose sticks are plain files."""
    made = Tree(tmp_path / "host")
    monkeypatch.setattr(sticks, "PLACES", made.places)
    return made


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return a person's ssh key."""
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def _line(stick: Path, console: Path, port: int, *, memory: int = 256) -> list[str]:
    line = plain_qemu.line(console, port, kind="q35", memory=memory, card="e1000e")
    line += ["-drive", f"if=none,id=disk,format=raw,file={stick}", "-device", "qemu-xhci"]
    return [*line, "-device", "usb-storage,drive=disk,bootindex=1,removable=on"]


def _start(stick: Path) -> int:
    """Return where what is kept begins."""
    start = stick.read_bytes().index(keeping.LABEL.encode(), MIB) - LABEL
    assert start % MIB == 0
    return start


def _without_iso(stick: bytes) -> bytes:
    """Return a stick as a disk that is no live medium, with its partitions."""
    whole = bytearray(stick)
    for start in (0, PARTITION):
        whole[start + 16 * 2048 : start + 17 * 2048] = bytes(2048)
    return bytes(whole)


def _features(stick: Path) -> int:
    place = _start(stick) + FEATURES
    return int.from_bytes(stick.read_bytes()[place : place + 4], "little")


@contextmanager
def _started(stick: Path, folder: Path, key: Path, *, uefi: bool) -> Iterator[tuple[int, Ask]]:
    """Start a stick, and end its system well; yield its page's port, and what its person asks."""
    folder.mkdir()
    console, port, ssh = folder / "console.log", plain_qemu.free_port(), plain_qemu.free_port()
    line = _line(stick, console, port, memory=LEAST_FOR_UEFI if uefi else 256)
    line = [
        f"{word},hostfwd=tcp:127.0.0.1:{ssh}-:22" if "hostfwd" in word else word for word in line
    ]
    options = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"]
    options += ["-o", f"UserKnownHostsFile={folder / 'hosts'}", "-i", str(key), "-p", str(ssh)]

    def asked(command: str) -> "subprocess.CompletedProcess[str]":
        words = ["ssh", "-q", *options, "abcd@127.0.0.1", command]
        return subprocess.run(
            words, capture_output=True, text=True, timeout=plain_qemu.SECONDS, check=False
        )

    def ask(command: str) -> str:
        done = asked(command)
        assert done.returncode == 0, (done.stderr, plain_qemu.text(console))
        return done.stdout

    with plain_qemu.running([*line, *(plain_qemu.uefi(folder) if uefi else [])]) as machine:
        until(lambda: "abcd: ready" in plain_qemu.text(console), within=plain_qemu.SECONDS)
        yield port, ask
        asked("/usr/local/bin/shutdown")  # the connection may end before the answer comes
        assert machine.wait(timeout=plain_qemu.SECONDS) == 0


def test_it_starts_from_usb_and_keeps_what_is_saved(
    iso: Path, tree: Tree, tmp_path: Path, key: Path
) -> None:
    """First by BIOS, then by UEFI; its seed names who may enter."""
    stick = tree.disk(size=LARGER)
    stick.write_bytes(b"old!" * (LARGER // 4))
    public = key.with_suffix(".pub").read_text().strip()
    seed = tmp_path / "seed"
    seed.write_text(f"ABCD_PASSWORD='{PASSWORD}'\nABCD_SSH_KEY='{public}'\n")
    with Session() as lab:
        done = lab.write(str(iso), stick, agree=lambda _: None, persist=True, seed=seed)
    assert LARGER // 2 < done.kept < LARGER
    with _started(stick, tmp_path / "bios", key, uefi=False) as (port, ask):
        url = f"http://127.0.0.1:{port}/"
        assert plain_qemu.status(url, user="abcd", password=PASSWORD) == 200
        mounts = [line.split() for line in ask("cat /proc/mounts").splitlines()]
        (options,) = (words[3].split(",") for words in mounts if words[1] == "/home/abcd")
        assert {"rw", "nosuid", "nodev"} <= set(options)
        ask("echo what I wrote >kept")
    assert not _features(stick) & NEEDS_RECOVERY  # it was given back well
    with _started(stick, tmp_path / "uefi", key, uefi=True) as (_, ask):
        assert ask("cat kept") == "what I wrote\n"


@pytest.mark.soak
def test_what_cannot_be_mounted_is_told(iso: Path, tree: Tree, tmp_path: Path) -> None:
    """And the system starts without it, and without another disk's that could be mounted.

    It makes its own password, as no seed has one.
    """
    stick = tree.disk(size=LARGER)
    with Session() as lab:
        done = lab.write(str(iso), stick, agree=lambda _: None, persist=True)
    assert _start(stick) + done.kept < LARGER
    other = tmp_path / "other"
    other.write_bytes(_without_iso(stick.read_bytes()))
    before = other.read_bytes()
    with stick.open("r+b") as file:
        file.seek(_start(stick) + FEATURES)
        file.write(b"\xff\xff\xff\xff")
    console, port = tmp_path / "console.log", plain_qemu.free_port()
    line = [*_line(stick, console, port), "-drive", f"if=virtio,format=raw,file={other}"]
    with plain_qemu.running(line):
        password = plain_qemu.own_password(console)
        url = f"http://127.0.0.1:{port}/"
        assert plain_qemu.status(url, user="abcd", password=password) == 200, plain_qemu.text(
            console
        )
    told = plain_qemu.text(console)
    assert re.search(r"\bvda: vda1 vda2 vda3\b", told), told
    assert "abcd: /dev/sda3 cannot be mounted, nothing is kept: " in told
    assert other.read_bytes() == before


def test_an_interrupted_one_never_starts(iso: Path, tmp_path: Path) -> None:
    """Not even when all but its first MiB was there, as far as it is told."""
    stick = tmp_path / "stick"
    stick.write_bytes(b"old!" * (SIZE // 4))
    disk = Disk("sdb", stick, "0:0", SIZE, 512, "QEMU", "stick", "1", "usb", read_only=False)
    device = Device(stick)

    def say(text: str) -> None:
        if text == "waiting for the disk":
            raise PulledOut

    with pytest.raises(PulledOut):
        write(iso, disk, device, say=say)
    device.close()
    assert not any(stick.read_bytes()[:MIB])
    console, told = tmp_path / "console.log", tmp_path / "bios.log"
    line = _line(stick, console, plain_qemu.free_port())
    line += ["-chardev", f"file,id=bios,path={told}"]
    line += ["-device", "isa-debugcon,iobase=0x402,chardev=bios"]
    with plain_qemu.running(line):
        until(lambda: "not a bootable disk" in plain_qemu.text(told), within=plain_qemu.SECONDS)
    assert "Booting from Hard Disk" in plain_qemu.text(told)
