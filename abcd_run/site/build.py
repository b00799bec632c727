"""Lay out a site: the page, the programs of others, and the machine."""

import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from abcd_run.errors import ArtifactError
from abcd_run.iso.system import choose_initrd, choose_kernel
from abcd_run.limits import TEXT_BYTES
from abcd_run.oci.rootfs import Rootfs
from abcd_run.runtime import Say
from abcd_run.site import notices, saved_state, software
from abcd_run.site.root import write_root
from abcd_run.site.served import Served, present, serve

PAGE = Path(__file__).with_name("page")
INDEX = "index.html"
DESCRIPTION = "machine.json"
VERSION = 1
"""Of the description's form, which the page checks."""

FIRMWARE = {"bios.bin": "seabios.bin", "vgabios-stdvga.bin": "vgabios.bin"}
"""Files of the image's /boot/firmware, and their names in the site."""

VGA_MEMORY = 8 << 20
ARGUMENTS = (
    # The log goes to a device of its own, which a person's shell does not share.
    "console=hvc0 quiet loglevel=4",
    # An emulated processor has no clocks to compare and nothing to steal.
    "tsc=reliable no_timer_check mitigations=off nowatchdog",
    # A saved state has no randomness in it yet: each tab begins with its own.
    "random.trust_cpu=off random.trust_bootloader=off",
    # Seconds of checks of what Debian has checked.
    "cryptomgr.notests audit=0 apparmor=0",
)
"""Of the kernel. What they save is in docs/benchmarks.md."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a site is made of: an image's root and name, and the memory in bytes."""

    root: Rootfs
    image: str
    memory: int


def build(machine: Machine, site: Path, work: Path, *, say: Say) -> None:
    """Make the site of a machine in an empty folder. Raises `ArtifactError`.

    The same machine gives the same files, but for the saved state.
    """
    software.require()
    _copy_page(site)
    software.copy_into(site, say=say)
    say("reading the root file system")
    for folder in ("bios", "machine/files"):
        (site / folder).mkdir(parents=True)
    index, files = work / "root", site / "machine/files"
    names = write_root(machine.root.tar(), files)
    index.write_bytes(names)
    kernel, initrd = _boot_files(machine.root, site, work)
    told = _description(machine, kernel, initrd, serve(index, site, "root", ".json"))
    told |= _programs(site)
    notices.copy_into(site, json.loads(names)["fsroot"], files)
    _write(site, told | {"state": None, "notices": notices.listed(site)})
    state = work / "state"
    saved_state.save(site, state, say=say)
    said = serve(state, site, "state", ".bin.zst").described() | {"memory": machine.memory}
    _write(site, told | {"state": said, "notices": notices.listed(site)})


def _copy_page(site: Path) -> None:
    # Not with the modes of where this program is: a checkout may be its user's alone.
    others = shutil.ignore_patterns(INDEX)
    page = shutil.copytree(PAGE, site / "page", ignore=others, copy_function=shutil.copyfile)
    page.chmod(0o755)
    shutil.copyfile(PAGE / INDEX, site / INDEX)


def _boot_files(root: Rootfs, site: Path, work: Path) -> tuple[Served, Served]:
    boot = root.find("/boot")
    names = list(boot.children or ()) if boot else []
    for name, chosen in (("kernel", choose_kernel(names)), ("initrd", choose_initrd(names))):
        with (work / name).open("wb") as file:
            root.read(f"/boot/{chosen}", file)
    refuse_wide_kernel(work / "kernel")
    for source, target in FIRMWARE.items():
        with (site / "bios" / target).open("wb") as file:
            root.read(f"/boot/firmware/{source}", file)
    return serve(work / "kernel", site, "kernel"), serve(work / "initrd", site, "initrd")


def refuse_wide_kernel(kernel: Path) -> None:
    """Raise `ArtifactError` for what is no kernel for 32 bits: the emulator has no others.

    Source: the kernel's Documentation/arch/x86/boot.rst; bit 0 of `xloadflags` is a kernel of 64
    bits.
    """
    with kernel.open("rb") as file:
        head = file.read(0x238)
    if head[0x202:0x206] != b"HdrS":
        raise ArtifactError("the kernel of abcdib is not a Linux kernel for i386", remedy=NARROW)
    if head[0x236] & 1:
        raise ArtifactError(
            "the kernel of abcdib is for 64 bits; a tab's emulator has 32", remedy=NARROW
        )


NARROW = "build the variant abcdib with Debian's linux-image-686"


def _description(
    machine: Machine, kernel: Served, initrd: Served, index: Served
) -> dict[str, object]:
    return {
        "version": VERSION,
        "image": machine.image,
        "title": machine.image,
        "summary": _summary(machine.root),
        "release": _release(machine.root),
        "memory": machine.memory,
        "vga_memory": VGA_MEMORY,
        "kernel": kernel.described(),
        "initrd": initrd.described(),
        "cmdline": " ".join(ARGUMENTS),
        "root": {"index": index.described(), "base": "machine/files/"},
        "network": "off",
    }


def _programs(site: Path) -> dict[str, object]:
    """Return what the page loads besides its own scripts, with digests to check."""
    return {
        "v86": {"wasm": present(site, "v86/v86.wasm").described()},
        "bios": {
            "seabios": present(site, "bios/seabios.bin").described(),
            "vgabios": present(site, "bios/vgabios.bin").described(),
        },
    }


def _release(root: Rootfs) -> str:
    """Return what the system calls itself."""
    text = _text_of(root, "/etc/os-release")
    pairs = (line.partition("=") for line in text.splitlines())
    said = {key: value.strip().strip("\"'") for key, _, value in pairs}
    return said.get("PRETTY_NAME", "")[:200]


def _text_of(root: Rootfs, path: str) -> str:
    """Return a text file of the image, at most `TEXT_BYTES` of it; empty if there is none."""
    out = io.BytesIO()
    try:
        root.read(path, out)
    except ArtifactError:
        return ""
    return out.getvalue()[:TEXT_BYTES].decode(errors="replace")


def _summary(root: Rootfs) -> str:
    """Return what the image's profile said of it."""
    labels = root.image.config.labels
    return labels.get("org.opencontainers.image.description", "")[:500]


def _write(site: Path, told: Mapping[str, object]) -> None:
    text = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False)
    (site / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
