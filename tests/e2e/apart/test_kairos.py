"""An ISO as AuroraBoot makes it starts under plain QEMU, and takes our seed.

See tests/guests/kairos_iso.py for what of it is Kairos', and docs/iso.md for what is not.
"""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from abcd_run.iso import cloud_config, seed
from abcd_run.iso.direct import direct_boot
from abcd_run_libvirt.translate import EMULATED
from tests.engines_here import need
from tests.guests import kairos_iso, plain_qemu
from tests.waiting import until

Start = Callable[[Path, Path], list[str]]
"""From the ISO and the seed's CD to more words of QEMU's command."""

pytestmark = pytest.mark.timeout(600)  # the demo's ISO is built in the first one's time

MEMORY = 512
"""MiB; the default of a machine is more."""

PASSWORD = "of-this-instance-alone"


@pytest.fixture(scope="module")
def iso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the ISO, made from the demo's."""
    need("libvirt")
    return kairos_iso.of_the_demo(tmp_path_factory.mktemp("kairos"))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return a new private key."""
    path = tmp_path / "key"
    line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(line, check=True)
    return path


def _seed(key: Path) -> Path:
    """Make the CD that a runtime would."""
    path = key.with_name("seed.iso")
    public = key.with_suffix(".pub").read_text().strip()
    text = cloud_config.user_data(
        hostname="lab-1", user="abcd", password=PASSWORD, keys=["ssh-ed25519 AAAA me", public]
    )
    seed.write_seed(path, user_data=text, meta_data="{}")
    return path


def _directly(iso: Path, seed_cd: Path) -> list[str]:
    """Start as libvirt does: kernel and initrd from the ISO, and both media as disks."""
    boot = direct_boot(iso, seed_cd.parent)
    return [
        "-kernel", str(boot.kernel), "-initrd", str(boot.initrd),
        "-append", " ".join((*boot.arguments, *EMULATED)),
        "-drive", f"if=virtio,format=raw,readonly=on,file={iso}",
        "-drive", f"if=virtio,format=raw,readonly=on,file={seed_cd}",
    ]  # fmt: skip


def _by_its_menu(iso: Path, seed_cd: Path) -> list[str]:
    """Start as VirtualBox does: two CDs, and nobody chooses anything."""
    return ["-cdrom", str(iso), "-drive", f"media=cdrom,format=raw,readonly=on,file={seed_cd}"]


@pytest.mark.parametrize(
    ("start", "installer"),
    [
        pytest.param(_directly, False, id="direct"),
        pytest.param(_by_its_menu, True, id="menu", marks=pytest.mark.soak),
    ],
)
def test_it_starts_and_takes_the_seed(
    iso: Path, key: Path, tmp_path: Path, start: Start, *, installer: bool
) -> None:
    console, port = tmp_path / "console.log", plain_qemu.free_port()
    line = plain_qemu.line(
        console, port, kind="q35", memory=MEMORY, card="virtio-net-pci", inside=22
    )
    with plain_qemu.running([*line, *start(iso, _seed(key))]):
        until(
            lambda: f"lab-1 {kairos_iso.PROMPT}" in plain_qemu.text(console),
            within=plain_qemu.SECONDS,
        )
        login = ["-i", str(key), "-o", "BatchMode=yes", "abcd@127.0.0.1"]
        until(lambda: _ssh(port, *login, "true")[0] == 0, within=plain_qemu.SECONDS)
        _, said = _ssh(port, *login, "hostname; cat /proc/cmdline")
        name, arguments = said.splitlines()
        assert name == "lab-1"
        assert ("install-mode" in arguments.split()) is installer
        assert _may_log_in(port, PASSWORD, tmp_path)
        assert not _may_log_in(port, "kairos", tmp_path), "everybody knows this password"


def _may_log_in(port: int, password: str, folder: Path) -> bool:
    """Try a password as Kairos' own user."""
    said = folder / "askpass"
    said.write_text(f"#!/bin/sh\necho {password}\n")
    said.chmod(0o700)
    asked = {**os.environ, "SSH_ASKPASS": str(said), "SSH_ASKPASS_REQUIRE": "force"}
    only = "-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1"
    return _ssh(port, *only, "kairos@127.0.0.1", "true", env=asked)[0] == 0


def _ssh(port: int, *words: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run ssh; return its status and what it prints."""
    line: Sequence[str] = [
        "ssh", "-F", "none", "-p", str(port), "-o", "StrictHostKeyChecking=no",
        "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=30", *words,
    ]  # fmt: skip
    ended = subprocess.run(
        line, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout
