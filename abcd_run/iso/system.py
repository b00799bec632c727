"""What a live ISO is made from, and which files in /boot it boots with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from abcd_run.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    WriteTar: TypeAlias = Callable[["Sink"], None]

LABEL = "COS_LIVE"
KERNELS = ("uImage", "Image", "zImage", "vmlinuz", "image")  # in Kairos' order
INITRDS = ("initrd", "initramfs")


class Sink(Protocol):
    """Something that bytes are written to."""

    def write(self, data: bytes | memoryview, /) -> object:
        """Accept all of DATA."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSystem:
    """The parts of a system image: its root file system, kernel, initrd and name."""

    write_tar: WriteTar  # writes the whole root file system, as one tar, to a sink
    kernel: Path
    initrd: Path
    title: str = "Live system"  # in the boot menu
    arguments: tuple[str, ...] = ()  # for the kernel, after the standard ones
    config: str = ""  # the cloud-config at the root of the ISO
    created: int = 0  # seconds since 1970: every time in the ISO except those in the tar


def choose_kernel(boot: Iterable[str]) -> str:
    """Choose the kernel among the names in /boot; raise ArtifactError if there is none."""
    return _choose(boot, KERNELS, what="kernel")


def choose_initrd(boot: Iterable[str]) -> str:
    """Choose the initrd among the names in /boot; raise ArtifactError if there is none."""
    return _choose(boot, INITRDS, what="initrd")


def _choose(boot: Iterable[str], prefixes: tuple[str, ...], *, what: str) -> str:
    """Prefer a plain name over longer ones: /boot/vmlinuz is the image's own choice."""
    names = sorted(boot, key=lambda name: (len(name), name))
    for prefix in prefixes:
        for name in names:
            if name.startswith(prefix):
                return name
    raise ArtifactError(
        f"the image has no {what} in /boot",
        details=f"looked for {', '.join(f'{prefix}*' for prefix in prefixes)}",
        remedy="use the image's abcdik variant",
    )
