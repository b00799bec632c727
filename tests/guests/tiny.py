"""The smallest guest: a boot sector on a live ISO, which says that it is ready.

For machines that are interpreted: a Linux takes them many minutes, GRUB seconds and a whole
processor while it waits, this one nothing.
"""

import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def make(folder: Path) -> Path:
    """Write the image `tiny`, a profile and its ISO, and return the folder for --profiles."""
    disc = folder / "disc"
    disc.mkdir(parents=True)
    _run("as", "--32", "-o", str(folder / "tiny.o"), str(HERE / "tiny.s"))
    _run(
        "ld", "-m", "elf_i386", "--oformat", "binary", "-Ttext", "0x7c00",
        "-o", str(disc / "boot"), str(folder / "tiny.o"),
    )  # fmt: skip
    _run(
        "xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "TINY",
        "-b", "boot", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4",
        "-o", str(folder / "tiny.iso"),
        str(disc),
    )  # fmt: skip
    (folder / "tiny.toml").write_bytes((HERE / "tiny.toml").read_bytes())
    return folder


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
