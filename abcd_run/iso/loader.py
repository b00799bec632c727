"""GRUB for BIOS and UEFI: one image each, with the modules it needs built in.

It then loads only the menu, the kernel and the initrd from the medium.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abcd_run.iso import tools
from abcd_run.iso.system import LABEL

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Event

MODULES = (
    *("normal", "configfile", "linux", "minicmd", "test", "true", "echo", "ls", "cat", "regexp"),
    *("search", "search_label", "search_fs_file", "iso9660", "fat", "part_msdos", "part_gpt"),
    *("serial", "terminal", "all_video", "font", "gfxterm", "gzio", "sleep", "halt", "reboot"),
    *("loopback", "smbios"),
)
MODULES_BIOS = ("biosdisk", "vbe")
MODULES_UEFI = ("efi_gop", "efi_uga")
# UEFI starts GRUB from the small FAT image, BIOS from the CD or the whole stick.
EARLY = f"""\
search --no-floppy --set=root --label {LABEL}
set prefix=($root)/boot/grub2
"""
FAT_SIZE = 4 << 20


@dataclass(frozen=True, slots=True)
class Loader:
    """The boot images, ready to go on a medium."""

    bios: Path  # El Torito image, for CD and, through the MBR, for sticks
    mbr: Path
    uefi: Path  # FAT image


def make_loader(folder: Path, *, epoch: int, cancel: Event) -> Loader:
    """Make GRUB's images in FOLDER, with the same bytes each time."""
    early = folder / "early.cfg"
    early.write_text(EARLY)
    bios, application = folder / "eltorito.img", folder / "bootx64.efi"
    for format_, output, modules in (
        ("i386-pc-eltorito", bios, MODULES_BIOS),
        ("x86_64-efi", application, MODULES_UEFI),
    ):
        argv: list[str | Path] = [
            "grub-mkimage",
            "-O",
            format_,
            "-o",
            output,
            "-c",
            early,
            "-p",
            "/boot/grub2",
        ]
        tools.run([*argv, *MODULES, *modules], epoch=epoch, cancel=cancel)
    uefi = _fat_image(folder / "uefi.img", application, epoch=epoch, cancel=cancel)
    return Loader(bios=bios, mbr=tools.GRUB / "i386-pc" / "boot_hybrid.img", uefi=uefi)


def _fat_image(image: Path, application: Path, *, epoch: int, cancel: Event) -> Path:
    """Put the UEFI application where firmware looks for it; -N and the epoch fix the bytes.

    Pass bare file names: in a folder's path, mtools would give $, % and @@ a special meaning.
    """
    with image.open("wb") as file:
        file.truncate(FAT_SIZE)
    steps: tuple[list[str | Path], ...] = (
        ["mformat", "-i", image.name, "-N", "ABCD0001", "-v", "EFI_LIVE", "::"],
        ["mmd", "-i", image.name, "::/EFI", "::/EFI/BOOT"],
        ["mcopy", "-i", image.name, application.name, "::/EFI/BOOT/BOOTX64.EFI"],
    )
    for argv in steps:
        tools.run(argv, epoch=epoch, cancel=cancel, cwd=image.parent)
    return image
