"""What machines are made of here: a plan's options against what this QEMU can do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from abcd_run.errors import UsageError
from abcd_run.units import format_size
from abcd_run_libvirt import markup
from abcd_run_libvirt.options import AUTO, OPTIONS

NETWORK = "hostnet0"
"""What libvirt calls the first card's network in QEMU."""

MENU_MEMORY = 320 << 20
"""Bytes with which GRUB can load a kernel under UEFI; with 256 MiB it cannot."""

MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
CPUS = {"kvm": "host", "tcg": "Nehalem"}
"""`Nehalem` is x86-64-v2, which many distributions want; what QEMU calls qemu64 is less."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What libvirt says that QEMU has."""

    kvm: bool
    graphics: frozenset[str]
    video: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hardware:
    """What one machine gets."""

    accel: str
    boot: str
    cpu: str
    display: str
    firmware: str
    video: str
    network: str = "user"
    """`isolated` has nothing but its published ports, `user` all that its owner reaches."""


def abilities(capabilities: str, *, kvm: bool) -> Abilities:
    """Read libvirt's description of what domains can have."""
    devices = markup.parsed(capabilities).find("devices")

    def values(path: str) -> frozenset[str]:
        elements = devices.iterfind(path) if devices is not None else ()
        return frozenset(one.text or "" for one in elements)

    return Abilities(
        kvm=kvm,
        graphics=values("graphics/enum[@name='type']/value"),
        video=values("video/enum[@name='modelType']/value"),
    )


def choose(options: Mapping[str, object], able: Abilities) -> Hardware:
    """Return what a machine gets. Raises `UsageError` for what is not there."""
    wanted = {
        key: str(options.get(key, option.default))
        for key, option in OPTIONS.items()
        if option.values
    }
    accel = wanted["accel"]
    if accel == AUTO:
        accel = "kvm" if able.kvm else "tcg"
    display = wanted["display"]
    if display == AUTO:
        display = "spice" if {"spice"} & able.graphics and {"qxl"} & able.video else "vnc"
    video = str(options.get("video", AUTO))
    if video == AUTO:
        video = _video(display, able)
    _check_there("display", display, able.graphics | {"none"})
    _check_there("video", video, able.video | {"none"})
    cpu = str(options.get("cpu", CPUS[accel]))
    if not MODEL.fullmatch(cpu):  # QEMU takes what follows a comma for options of its own
        raise UsageError(
            f"on.libvirt.cpu: {cpu!r} is not the name of a CPU model",
            remedy="virsh cpu-models x86_64",
        )
    return Hardware(
        accel, wanted["boot"], cpu, display, wanted["firmware"], video, wanted["network"]
    )


def check_memory(parts: Hardware, memory: int | None) -> None:
    """Refuse what cannot start, and would only be seen at the timeout. Raises `UsageError`."""
    if (parts.firmware, parts.boot) == ("uefi", "menu") and memory and memory < MENU_MEMORY:
        least = format_size(MENU_MEMORY).replace(" ", "")
        raise UsageError(
            f"UEFI and its boot menu need at least {least} of memory",
            details=f"the machine would have {format_size(memory)}",
            remedy=f"--memory {least}, or --set on.libvirt.boot=direct",
        )


def _video(display: str, able: Abilities) -> str:
    """Return the card that suits a display; SPICE without its own card is still SPICE."""
    if display == "none":
        return "none"
    order = ("qxl", "virtio", "vga") if display == "spice" else ("virtio", "vga")
    return next((name for name in order if name in able.video), "vga")


def _check_there(key: str, value: str, there: frozenset[str]) -> None:
    if value not in there:
        raise UsageError(
            f"on.libvirt.{key}: this QEMU has no {value}",
            details=f"it has {', '.join(sorted(there))}",
            remedy=f"--set on.libvirt.{key}=auto",
        )
