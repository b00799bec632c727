"""A live ISO as AuroraBoot lays one out, around a system that is not Kairos.

Neither Kairos' images nor AuroraBoot's binaries can be had everywhere; their sources can. Every
step here is one of `pkg/ops/iso.go` and `pkg/constants/constants.go` (kairos-io/AuroraBoot,
fa85123), with the same programs and options. Not theirs: the system, which is the demo's without
anything of ABCD's, its initrd, and GRUB's two images, which are made here as their comment says.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from abcd_run.testing.cli import abcd_run
from tests.guests import kairos_menu

HERE = Path(__file__).parent / "kairos"
DHCP = Path(__file__).parents[2] / "profiles/abcd4demo/base/tree/usr/lib/abcd/dhcp"
GRUB = Path("/usr/lib/grub")
LABEL = "COS_LIVE"
NAME = "kairos-stand-in-core-amd64-generic-v0.0.0"
MODULES = (
    *("ext2", "iso9660", "linux", "echo", "configfile", "search_label", "search_fs_file"),
    *("search", "search_fs_uuid", "ls", "normal", "gzio", "gettext", "font", "gfxterm", "gfxmenu"),
    *("all_video", "test", "true", "loadenv", "part_gpt", "part_msdos", "biosdisk", "vga", "vbe"),
    *("chain", "boot"),
)
"""In the order of the comment in `constants.go`."""

MODULES_UEFI = [*(word for word in MODULES if word not in ("biosdisk", "vga", "vbe")), "fat"]
FIND = (
    "search --no-floppy --file --set=root /boot/kernel\n"
    "set prefix=($root)/boot/grub2\n"
    "configfile $prefix/grub.cfg"
)
SLOT = 4 << 20
"""AuroraBoot makes the UEFI image as large as its files, and up to the next 4 MiB."""

ROOT = r"""
set -e
unsquashfs -q -n -d root root.squashfs
cd root
rm -r etc/abcd usr/lib/abcd usr/share/abcd usr/local home/abcd etc/profile
sed -i -e '/^abcd:/d' -e '/^www:/d' etc/passwd etc/group etc/shadow
printf 'NAME="Stand-in"\nID=kairos\n' >etc/os-release
printf 'KAIROS_ARCH="amd64"\nKAIROS_FLAVOR="stand-in"\n' >etc/kairos-release
rm -f sbin/init
cp ../init sbin/init
cp ../dhcp etc/dhcp
chmod 755 sbin/init etc/dhcp
if grep -rIil abcd .; then exit 9; fi
cd ..
mksquashfs root iso/rootfs.squashfs -b 1024k >/dev/null
"""
"""Run as root of a user namespace, so that the files keep their owners."""


PROMPT = "login: root"
"""What it says on its serial line, after its name, once its user may log in."""


def of_the_demo(folder: Path) -> Path:
    """Make the ISO in a folder, and the demo's first where it is not there yet."""
    demo = folder / "demo.iso"
    ended = abcd_run("artifact", "abcd4demo", "--to", "iso", "-o", str(demo), "--quiet")
    assert ended.status == 0, ended.err
    return make(demo, folder)


def make(demo: Path, folder: Path, *, config: str = "") -> Path:
    """Make the ISO in a folder from the demo's, with its sum beside it; return its path."""
    tree = folder / "iso"
    for name in ("boot/grub2", "boot/grub", "EFI/BOOT"):
        (tree / name).mkdir(parents=True)
    (tree / "config.yaml").write_text(config)
    (tree / "config.yaml").chmod(0o600)
    _take(demo, {"/boot/kernel": tree / "boot/kernel", "/boot/initrd": tree / "boot/initrd"})
    _uefi(folder, tree)
    _root(demo, folder)
    _bios(folder, tree)
    (tree / "boot/grub2/grub.cfg").write_text(kairos_menu.written())
    return _burn(tree, folder / f"{NAME}.iso")


def _take(demo: Path, wanted: dict[str, Path]) -> None:
    for inside, target in wanted.items():
        _run("osirrox", "-indev", demo, "-extract", inside, target)
        target.chmod(0o644)


def _root(demo: Path, folder: Path) -> None:
    _take(demo, {"/rootfs.squashfs": folder / "root.squashfs"})
    shutil.copy(HERE / "init", folder / "init")
    shutil.copy(DHCP, folder / "dhcp")
    _run("unshare", "--map-root-user", "--map-auto", "sh", "-c", ROOT, cwd=folder)


def _uefi(folder: Path, tree: Path) -> None:
    """Fill the UEFI image; GRUB is in it twice, as for Alpine, which has no shim."""
    files = folder / "uefi"
    for name in ("EFI/BOOT/grub.cfg", "boot/grub/grub.cfg"):
        for place in (files, tree):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(FIND)
    grub = files / "EFI/BOOT/grub.efi"
    _run("grub-mkimage", "-O", "x86_64-efi", "-o", grub, "-p", "/EFI/BOOT", *MODULES_UEFI)
    shutil.copy(grub, grub.with_name("bootx64.efi"))
    size = sum(path.stat().st_size for path in files.rglob("*") if path.is_file())
    image = tree / "boot/uefi.img"
    with image.open("wb") as file:
        file.truncate(size // SLOT * SLOT + SLOT)
    _run("/usr/sbin/mkfs.vfat", "-n", "EFI_LIVE", image)
    for name in ("EFI", "boot"):
        _run("mcopy", "-s", "-i", image, files / name, "::")


def _bios(folder: Path, tree: Path) -> None:
    core = folder / "core.img"
    _run("grub-mkimage", "-O", "i386-pc", "-o", core, "-p", "/boot/grub2", *MODULES)
    cdboot = (GRUB / "i386-pc/cdboot.img").read_bytes()
    (tree / "boot/eltorito.img").write_bytes(cdboot + core.read_bytes())
    shutil.copy(GRUB / "i386-pc/boot_hybrid.img", tree / "boot/boot_hybrid.img")


def _burn(tree: Path, iso: Path) -> Path:
    uefi, mbr = tree / "boot/uefi.img", tree / "boot/boot_hybrid.img"
    line: list[str | Path] = ["-volid", LABEL, "-joliet", "on", "-padding", "0", "-outdev", iso]
    line += ["-map", tree, "/", "-chmod", "0755", "--"]
    line += _boots("grub", "bin_path=/boot/eltorito.img", f"grub2_mbr={mbr}", "grub2_boot_info=on")
    line += _boots("any", "partition_offset=16", "cat_path=/boot/boot.catalog", "cat_hidden=on")
    line += _boots("any", "boot_info_table=on", "platform_id=0x00", "emul_type=no_emulation")
    line += _boots("any", "load_size=2048", "next", "platform_id=0xef", "emul_type=no_emulation")
    line += ["-append_partition", "2", "0xef", uefi]
    line += _boots("any", "efi_path=--interval:appended_partition_2:all::")
    line += _boots("any", "appended_part_as=gpt", "mbr_force_bootable=on")
    _run("xorriso", *line)
    total = hashlib.sha256(iso.read_bytes()).hexdigest()
    iso.with_name(f"{iso.name}.sha256").write_text(f"{total} {iso.name}\n")  # one space, as theirs
    return iso


def _boots(kind: str, *settings: str) -> list[str]:
    return [word for setting in settings for word in ("-boot_image", kind, setting)]


def _run(*line: str | Path, cwd: Path | None = None) -> None:
    words = [str(word) for word in line]
    ended = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{words}: {ended.stdout}{ended.stderr}"
