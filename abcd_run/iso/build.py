"""Build a live ISO: bootable from BIOS and UEFI, as a CD and as a USB stick."""

from __future__ import annotations

import hashlib
import os
import subprocess
from contextlib import contextmanager
from shutil import disk_usage
from typing import IO, TYPE_CHECKING

from abcd_run.concurrency.cancel import current
from abcd_run.download.checked import Sum, accept, known, record_of
from abcd_run.errors import ArtifactError
from abcd_run.host.file_stamp import stamp_of
from abcd_run.host.part_file import part_of, unwritable
from abcd_run.iso import tools
from abcd_run.iso.loader import Loader, make_loader
from abcd_run.iso.menu import menu
from abcd_run.iso.squashfs import make_squashfs
from abcd_run.iso.system import LABEL
from abcd_run.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from threading import Event

    from abcd_run.host.part_file import Part
    from abcd_run.iso.system import LiveSystem

    Progress = Callable[[str], None]  # the step that starts

RECIPE = 1  # raise it when the same system would give another ISO: part of the cache key
EARLIEST = 315532800  # 1980: FAT has no earlier time
CHUNK = 1 << 20


def build(
    system: LiveSystem,
    target: Path,
    *,
    progress: Progress | None = None,
    cancel: Event | None = None,
) -> Path:
    """Make TARGET and TARGET.sha256, or reuse them; the same input gives the same bytes.

    Both appear only when complete, damaged ones are rebuilt, and a build that fails or is
    interrupted leaves nothing behind. If several builds of one target run at once, one builds and
    the others wait. Raises ArtifactError, and Interrupted when CANCEL is set.
    """
    tools.require()
    _refuse_foreign_kernel(system.kernel)
    cancel = cancel or current()
    with part_of(target, cancel=cancel) as part:
        if is_whole(target):
            return target
        with _cleaned_up_on_failure(part):
            part.empty()
            digest = _assemble(system, part, say=progress or _silent, cancel=cancel)
            _sum_of(target).write_text(_sum_line(digest, target))
            part.finish()
            accept(target, Sum(digest, tuple(stamp_of(target))))
    return target


def is_whole(target: Path) -> bool:
    """Tell whether TARGET is here as it was built; read it only if nothing else tells."""
    try:
        text = _sum_of(target).read_text(errors="replace")
        actual = known(target)
    except FileNotFoundError:
        return False
    if text != _sum_line(actual.sha256, target):
        return False
    accept(target, actual)
    return True


@contextmanager
def _cleaned_up_on_failure(part: Part) -> Iterator[None]:
    before = disk_usage(part.path.parent).free
    try:
        yield
    except BaseException as error:
        # A program that runs out of room may say anything, often "I/O error".
        full = _why_disk_refuses(part) if isinstance(error, (ArtifactError, OSError)) else None
        part.discard()
        _sum_of(part.target).unlink(missing_ok=True)
        record_of(part.target).unlink(missing_ok=True)
        if full:
            room = f"{full.strerror}; {format_size(before)} of free space was too little"
            raise unwritable(part.target, OSError(full.errno, room)) from error
        raise


def _why_disk_refuses(part: Part) -> OSError | None:
    """Return why the disk takes no more data, or None if it does."""
    try:
        part.file.write(bytes(CHUNK))
        part.file.flush()
        os.fsync(part.file.fileno())  # a quota may be checked late
    except OSError as error:
        return error
    return None


def _sum_of(target: Path) -> Path:
    return target.with_name(target.name + ".sha256")


def _sum_line(digest: str, target: Path) -> str:
    return f"{digest}  {target.name}\n"


def _assemble(system: LiveSystem, part: Part, *, say: Progress, cancel: Event) -> str:
    """Fill PART and return its sha256."""
    epoch = max(system.created, EARLIEST)
    folder = part.path.with_name(part.path.name + ".d")
    folder.mkdir()
    say("boot loader")
    loader = make_loader(folder, epoch=epoch, cancel=cancel)
    say("root file system")
    squashfs = folder / "rootfs.squashfs"
    squashfs.touch()
    # tar2sqfs removes its file if it fails; a second name keeps it, so a full disk can be detected.
    (folder / "kept").hardlink_to(squashfs)
    make_squashfs(system.write_tar, squashfs, epoch=epoch, cancel=cancel)
    say("image")
    argv = _xorriso(_files(system, loader, folder), loader, epoch=epoch)
    with tools.child(argv, epoch=epoch, cancel=cancel, stdout=subprocess.PIPE) as process:
        assert process.stdout
        return _copy(process.stdout, part.file)


def _files(system: LiveSystem, loader: Loader, folder: Path) -> dict[str, Path]:
    """Return the files on the medium and their sources, in the order of a Kairos ISO."""
    texts = {"grub.cfg": menu(system.title, system.arguments), "config.yaml": system.config}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return {
        "/boot/eltorito.img": loader.bios,
        "/boot/uefi.img": loader.uefi,
        "/boot/grub2/grub.cfg": folder / "grub.cfg",
        "/boot/grub/grub.cfg": folder / "grub.cfg",
        "/EFI/BOOT/grub.cfg": folder / "grub.cfg",
        "/config.yaml": folder / "config.yaml",
        "/boot/kernel": system.kernel,
        "/boot/initrd": system.initrd,
        "/rootfs.squashfs": folder / "rootfs.squashfs",
    }


def _xorriso(files: dict[str, Path], loader: Loader, *, epoch: int) -> list[str | Path]:
    """Return the command that writes the ISO to its standard output.

    A pipe saves reading the ISO again for its checksum, and makes xorriso end when we do.
    """
    argv: list[str | Path] = ["xorriso", "-outdev", "-", "-no_rc"]
    argv += ["-report_about", "WARNING", "-abort_on", "FAILURE", "-md5", "off"]
    argv += ["-volid", LABEL, "-joliet", "on", "-padding", "0", "-compliance", "no_emul_toc"]
    for path, source in files.items():
        argv += ["-map", source, path]
    argv += ["-chown_r", "0", "/", "--", "-chgrp_r", "0", "/", "--"]
    argv += ["-find", "/", "-type", "f", "-exec", "chmod", "0444", "--"]
    argv += ["-find", "/", "-type", "d", "-exec", "chmod", "0755", "--"]
    argv += ["-alter_date_r", "b", f"={epoch}", "/", "--"]
    for setting in _bios_boot(loader) + _uefi_boot():
        argv += ["-boot_image", *setting.split(" ", 1)]
    return [*argv, "-append_partition", "2", "0xef", loader.uefi]


def _bios_boot(loader: Loader) -> list[str]:
    return [
        "grub bin_path=/boot/eltorito.img",
        "grub grub2_boot_info=on",
        f"grub grub2_mbr={loader.mbr}",
        "any partition_offset=16",  # so that a stick's first partition can be mounted too
        "any cat_path=/boot/boot.cat",
        "any cat_hidden=on",
        "any boot_info_table=on",
        "any platform_id=0x00",
        "any emul_type=no_emulation",
        "any load_size=2048",
    ]


def _uefi_boot() -> list[str]:
    return [
        "any appended_part_as=gpt",
        "any mbr_force_bootable=on",  # some BIOSes ignore a stick without an active partition
        "any next",
        "any efi_path=--interval:appended_partition_2:all::",
        "any platform_id=0xef",
        "any emul_type=no_emulation",
    ]


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copy SOURCE to its end and return the sha256 of what was copied."""
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()


def _refuse_foreign_kernel(kernel: Path) -> None:
    """Refuse a kernel that GRUB for x86-64 cannot start, before spending minutes on a build."""
    with kernel.open("rb") as file:
        file.seek(0x202)
        if file.read(4) != b"HdrS":
            raise ArtifactError(
                f"{kernel.name} is not an x86-64 Linux kernel",
                remedy="use an amd64 image with /boot/vmlinuz",
            )


def _silent(_step: str) -> None:
    pass
