"""`artifact --to kernel`: a folder for hypervisors that are given a kernel."""

import json
import shlex
import subprocess
from pathlib import Path

from tests.unit.conftest import Run
from tests.unit.kernel import kernels, lives

LINE = "root=live:/rootfs.img cdroot rd.live.dir=/ rd.live.squashimg=rootfs.squashfs quiet"
WHOLE = kernels.elf(kernels.XEN_START)


def written(run: Run, out: Path) -> Path:
    ended = run("artifact", "live", "--to", "kernel", "-o", str(out))
    assert ended.status == 0, ended.err
    return out


def with_kernel(home: Path) -> None:
    (home / "live.iso").unlink()
    kernel = kernels.bzimage(kernels.xz(WHOLE))
    lives.make(home / "live.iso", arguments=f"{lives.ARGUMENTS} console=tty1", kernel=kernel)


def test_every_hypervisor_is_told_the_same(home: Path, lab: Path, run: Run) -> None:
    with_kernel(home)
    folder = written(run, lab / "a")
    assert (folder / "cmdline").read_text() == f"{LINE} console=tty1\n"
    assert (folder / "vmlinux").read_bytes() == WHOLE
    assert "an entry for PVH" in (folder / "README").read_text()
    told = json.loads((folder / "firecracker.json").read_text())
    assert told["machine-config"] == {"vcpu_count": 1, "mem_size_mib": 512}
    assert told["boot-source"]["boot_args"] == f"{LINE} console=ttyS0 reboot=k panic=1"
    xen = dict(
        line.split(" = ", 1)
        for line in (folder / "xen.cfg").read_text().splitlines()
        if " = " in line
    )
    assert json.loads(xen["cmdline"]) == f"{LINE} console=hvc0"
    assert xen["memory"] == "512"
    for name in ("kernel", "ramdisk"):
        assert (folder / json.loads(xen[name])).exists()


def test_cloud_hypervisors_line_is_one_that_a_shell_reads(
    home: Path, lab: Path, run: Run, tmp_path: Path
) -> None:
    with_kernel(home)
    folder = written(run, lab / "a")
    program = tmp_path / "cloud-hypervisor"
    program.write_text('#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done\n')
    program.chmod(0o755)
    line = ["sh", str(folder / "cloud-hypervisor.sh")]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    ended = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
    words = ended.stdout.splitlines()
    assert words[words.index("--cmdline") + 1] == f"{LINE} console=ttyS0"
    assert words[words.index("--memory") + 1] == "size=512M"


def test_a_kernel_that_cannot_be_unpacked(lab: Path, run: Run) -> None:
    folder = written(run, lab / "a")
    assert not (folder / "vmlinux").exists()
    assert "extract-vmlinux" in (folder / "README").read_text()
    assert (folder / "vmlinuz").read_bytes() == lives.FILES["/boot/kernel"]


def test_the_readme_has_a_line_for_qemu(lab: Path, run: Run) -> None:
    readme = (written(run, lab / "a") / "README").read_text()
    line = readme[readme.index("qemu-system") :].partition("\n\n")[0]
    words = shlex.split(line.replace("\\\n", " "))
    assert words[words.index("-initrd") + 1] == "initrd"
    assert words[words.index("-m") + 1] == "512"
