"""The ISO that we build: its bytes, its structure, and what a failed build leaves."""

from __future__ import annotations

import hashlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from abcd_run.errors import ArtifactError, Interrupted
from abcd_run.host.part_file import discard_abandoned
from abcd_run.iso import tools
from abcd_run.iso.build import build
from abcd_run.iso.direct import direct_boot
from tests.running import runs_with
from tests.unit.iso.conftest import said_by, write_tar

if TYPE_CHECKING:
    from pathlib import Path

    from abcd_run.iso.system import Sink
    from tests.unit.iso.conftest import MakeSystem

pytestmark = pytest.mark.usefixtures("iso_tools")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def children() -> list[str]:
    """List the programs that this process started and that still run."""
    return [child.name() for child in psutil.Process().children()]


@pytest.mark.slow
def test_the_same_system_gives_the_same_bytes(
    make_system: MakeSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(make_system(), tmp_path / "one" / "a.iso")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    started = time.time()
    while int(time.time() / 2) == int(started / 2):  # FAT counts in steps of two seconds
        time.sleep(0.05)
    old = os.umask(0o077)
    second = build(make_system(), tmp_path / "two" / "b.iso")
    os.umask(old)
    assert first.read_bytes() == second.read_bytes()


def test_another_system_gives_other_bytes(make_system: MakeSystem, tmp_path: Path) -> None:
    first = build(make_system(), tmp_path / "a.iso")
    second = build(make_system(arguments=("quiet",)), tmp_path / "b.iso")
    assert first.read_bytes() != second.read_bytes()


def test_the_sum_is_beside_it_as_sha256sum_writes_it(
    make_system: MakeSystem, tmp_path: Path
) -> None:
    iso = build(make_system(), tmp_path / "out" / "a.iso")
    digest = hashlib.sha256(iso.read_bytes()).hexdigest()
    assert (tmp_path / "out" / "a.iso.sha256").read_text() == f"{digest}  a.iso\n"
    assert names(tmp_path / "out") == {"a.iso", "a.iso.sha256", "a.iso.checked"}


def test_it_boots_from_bios_and_uefi_as_cd_and_stick(
    make_system: MakeSystem, tmp_path: Path
) -> None:
    iso = build(make_system(), tmp_path / "a.iso")
    report = said_by(
        *("xorriso", "-indev", iso, "-report_el_torito", "plain"),
        *("-report_system_area", "plain", "-pvd_info"),
    )
    assert re.search(r"boot img : +1 +BIOS +y +none", report)
    assert re.search(r"boot img : +2 +UEFI +y +none", report)
    assert re.search(r"img path : +1 +/boot/eltorito.img", report)
    assert "protective-msdos-label grub2-mbr" in report
    assert re.search(r"MBR partition +: +2 +0x80", report)
    assert re.search(r"GPT type GUID +: +2 +28732ac11ff8d211ba4b00a0c93ec93b", report)
    assert re.search(r"Volume Id +: COS_LIVE\n", report)


def test_it_is_laid_out_as_a_kairos_live_iso(make_system: MakeSystem, tmp_path: Path) -> None:
    iso = build(make_system(config="#cloud-config\n"), tmp_path / "a.iso")
    listing = said_by("xorriso", "-indev", iso, "-find", "/", "-type", "f", "-exec", "lsdl")
    rows = [line.split() for line in listing.splitlines() if line.startswith("-")]
    assert {row[-1].strip("'") for row in rows} >= {
        "/boot/kernel",
        "/boot/initrd",
        "/rootfs.squashfs",
        "/boot/grub2/grub.cfg",
        "/boot/grub/grub.cfg",
        "/EFI/BOOT/grub.cfg",
        "/boot/uefi.img",
        "/config.yaml",
    }
    assert {(row[0], row[2], row[3]) for row in rows} == {("-r--r--r--", "0", "0")}


def test_the_root_file_system_is_the_tars(make_system: MakeSystem, tmp_path: Path) -> None:
    iso = build(make_system(), tmp_path / "a.iso")
    squashfs = tmp_path / "rootfs.squashfs"
    said_by("xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/rootfs.squashfs", squashfs)
    rows = said_by("unsquashfs", "-lln", "-UTC", squashfs).splitlines()
    listing = {row.split("squashfs-root", 1)[1]: row.split()[:2] for row in rows}
    assert listing[""] == ["drwxr-xr-x", "0/0"]
    assert listing["/etc/passwd"] == listing["/etc/link"] == ["-rw-r-----", "0/42"]
    assert listing["/opt"] == ["drwxr-xr-x", "0/0"]
    assert listing["/opt/games"] == ["-rw-r--r--", "1234/1235"]
    assert listing["/null"] == ["crw-rw-rw-", "0/0"]
    assert listing["/home"] == ["drwx------", "1000/1000"]
    assert listing["/home/ünï"] == ["-rwsr-xr-x", "0/0"]
    assert "2020-09-13" in next(row for row in rows if "passwd" in row)
    assert "Compression zstd" in said_by("unsquashfs", "-s", squashfs)


def test_each_step_is_told(make_system: MakeSystem, tmp_path: Path) -> None:
    steps: list[str] = []
    build(make_system(), tmp_path / "a.iso", progress=steps.append)
    assert steps == ["boot loader", "root file system", "image"]


def test_what_is_built_is_not_built_again(make_system: MakeSystem, tmp_path: Path) -> None:
    def unwanted(_: Sink) -> None:
        pytest.fail("built again")

    iso = build(make_system(), tmp_path / "a.iso")
    assert build(make_system(write_tar=unwanted), iso) == iso


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["", ".sha256", ".checked"])
@pytest.mark.parametrize("damage", [b"", b"\xff garbage", "cut off", "a byte, at its old time"])
def test_what_is_damaged_is_whole_again(
    make_system: MakeSystem, tmp_path: Path, suffix: str, damage: bytes | str
) -> None:
    iso = build(make_system(), tmp_path / "a.iso")
    whole, file = iso.read_bytes(), tmp_path / f"a.iso{suffix}"
    before = file.stat()
    content = file.read_bytes()
    if damage == "cut off":
        damage = content[:-1]
    elif isinstance(damage, str):
        middle = len(content) // 2
        damage = content[:middle] + b"?" + content[middle + 1 :]
    file.write_bytes(damage)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert build(make_system(), iso).read_bytes() == whole
    digest = hashlib.sha256(whole).hexdigest()
    assert (tmp_path / "a.iso.sha256").read_text() == f"{digest}  a.iso\n"
    assert (tmp_path / "a.iso.checked").read_text().split()[0] == digest


def test_a_file_that_may_not_be_so_large(make_system: MakeSystem, tmp_path: Path) -> None:
    """In a separate process, since the limit applies to its children too."""
    system = make_system()
    code = (
        "import resource, sys, pathlib; from abcd_run.iso.build import build;"
        "from abcd_run.errors import ArtifactError; from abcd_run.iso.system import LiveSystem;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18));"
        "kernel, initrd, target = map(pathlib.Path, sys.argv[1:]);"
        "tar = lambda file: [file.write(__import__('os').urandom(1 << 20)) for _ in range(8)];"
        "\ntry: build(LiveSystem(write_tar=tar, kernel=kernel, initrd=initrd), target)"
        "\nexcept ArtifactError as error: print(error.remedy)"
    )
    target = tmp_path / "out" / "a.iso"
    argv: list[str | Path] = [sys.executable, "-c", code, system.kernel, system.initrd, target]
    assert said_by(*argv) == "ulimit -f unlimited\n"
    assert names(tmp_path / "out") == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ['a"b', "a$b", "a'b", "a b", "a\nb", "-a", "a@@1", "a%s,b;c*?[", "ü"]
)
def test_a_folder_with_a_name_that_means_something(
    make_system: MakeSystem, tmp_path: Path, name: str
) -> None:
    plain = build(make_system(), tmp_path / "a.iso").read_bytes()
    assert build(make_system(), tmp_path / name / "a.iso").read_bytes() == plain
    boot = direct_boot(tmp_path / name / "a.iso", tmp_path / name / "boot")
    assert boot.kernel.read_bytes() == make_system().kernel.read_bytes()


def test_of_several_at_once_one_builds(make_system: MakeSystem, tmp_path: Path) -> None:
    builds = []

    def counted(file: Sink) -> None:
        builds.append(1)
        write_tar(file)

    system = make_system(write_tar=counted)
    threads = [threading.Thread(target=build, args=(system, tmp_path / "a.iso")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1


def test_an_interrupted_build_leaves_nothing(make_system: MakeSystem, tmp_path: Path) -> None:
    def interrupted(file: Sink) -> None:
        file.write(b"\0" * 700)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(make_system(write_tar=interrupted), tmp_path / "out" / "a.iso")
    assert names(tmp_path / "out") == set()
    assert children() == []


def test_a_cancelled_build_leaves_nothing(make_system: MakeSystem, tmp_path: Path) -> None:
    cancel = threading.Event()

    def endless(file: Sink) -> None:
        cancel.set()
        while True:
            file.write(b"\0" * (1 << 20))

    with pytest.raises(Interrupted, match="cancelled"):
        build(make_system(write_tar=endless), tmp_path / "out" / "a.iso", cancel=cancel)
    assert names(tmp_path / "out") == set()
    assert children() == []


@pytest.mark.parametrize("share", [0, 0.5, "without its end"])
def test_a_cut_off_tar_is_an_error(
    make_system: MakeSystem, tmp_path: Path, share: float | str
) -> None:
    def cut(file: Sink) -> None:
        buffer = io.BytesIO()
        write_tar(buffer)
        whole = buffer.getvalue()
        file.write(whole.rstrip(b"\0") if isinstance(share, str) else whole[: int(share * 3e5)])

    with pytest.raises(ArtifactError, match="cut off"):
        build(make_system(write_tar=cut), tmp_path / "out" / "a.iso")
    assert names(tmp_path / "out") == set()


def test_rubbish_instead_of_a_tar_is_an_error(make_system: MakeSystem, tmp_path: Path) -> None:
    def rubbish(file: Sink) -> None:
        file.write(b"rubbish!" * (1 << 23))

    with pytest.raises(ArtifactError, match="tar2sqfs failed"):
        build(make_system(write_tar=rubbish), tmp_path / "out" / "a.iso")
    assert names(tmp_path / "out") == set()


def test_a_killed_build_leaves_no_program_and_the_next_one_succeeds(
    make_system: MakeSystem, tmp_path: Path
) -> None:
    system, target = make_system(), tmp_path / "out" / "a.iso"
    code = (
        "import sys, time, pathlib; from abcd_run.iso.build import build;"
        "from abcd_run.iso.system import LiveSystem;"
        "wait = lambda file: (print('there', flush=True), time.sleep(60));"
        "kernel, initrd, target = map(pathlib.Path, sys.argv[1:]);"
        "build(LiveSystem(write_tar=wait, kernel=kernel, initrd=initrd), target)"
    )
    argv: list[str | Path] = [sys.executable, "-c", code, system.kernel, system.initrd, target]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as victim:
        assert victim.stdout
        assert victim.stdout.readline() == b"there\n"
        victim.send_signal(signal.SIGKILL)
    squashfs = str(target.parent / "a.iso.part.d" / "rootfs.squashfs")
    end = time.monotonic() + 10
    while runs_with(squashfs):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert names(target.parent) == {"a.iso.part", "a.iso.part.d"}

    build(system, target)

    assert names(target.parent) == {"a.iso", "a.iso.sha256", "a.iso.checked"}
    assert discard_abandoned(target.parent) == []


def test_a_kernel_grub_cannot_start_is_refused_at_once(
    make_system: MakeSystem, tmp_path: Path
) -> None:
    kernel = tmp_path / "Image"
    kernel.write_bytes(b"MZ" + b"\0" * 2000)
    with pytest.raises(ArtifactError, match="not an x86-64 Linux kernel"):
        build(make_system(kernel=kernel), tmp_path / "out" / "a.iso")


def test_missing_programs_are_one_error_with_the_line_that_installs_them(
    make_system: MakeSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArtifactError, match="cannot build a live ISO") as caught:
        build(make_system(), tmp_path / "a.iso")
    assert caught.value.remedy == "sudo apt install squashfs-tools-ng xorriso mtools grub-common"
    assert tools.missing()["mformat"] == "mtools"
