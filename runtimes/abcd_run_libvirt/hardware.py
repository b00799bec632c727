"""Choose a machine's hardware: match a plan's options with what this QEMU supports."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from abcd_run.errors import UsageError
from abcd_run.units import format_size
from abcd_run_libvirt import markup
from abcd_run_libvirt.options import AUTO, OPTIONS

NETWORK = "hostnet0"
"""The name that libvirt gives the first card's network in QEMU."""

MENU_MEMORY = 320 << 20
"""Bytes of memory that GRUB needs to load a kernel under UEFI; 256 MiB are too few."""

MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
CPUS = {"kvm": "host", "tcg": "Nehalem"}
"""`Nehalem` is x86-64-v2, which many distributions require; QEMU's qemu64 offers less."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What QEMU supports, according to libvirt."""

    kvm: bool
    graphics: frozenset[str]
    video: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hardware:
    """The hardware of one machine."""

    accel: str
    boot: str
    cpu: str
    display: str
    firmware: str
    video: str
    network: str = "user"
    """`isolated` has only its published ports; `user` reaches whatever its owner reaches."""
    vnc_too: bool = False
    """Whether VNC, which a browser can show, is served beside the display's own protocol."""
    sound: bool = False
    """Whether there is a loudspeaker, which SPICE's viewer plays."""


def abilities(capabilities: str, *, kvm: bool) -> Abilities:
    """Parse libvirt's description of domain capabilities."""
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
    """Return a machine's hardware. Raises `UsageError` for what QEMU lacks."""
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
    if not MODEL.fullmatch(cpu):  # QEMU would parse anything after a comma as further options
        raise UsageError(
            f"on.libvirt.cpu: {cpu!r} is not the name of a CPU model",
            remedy="virsh cpu-models x86_64",
        )
    return Hardware(
        accel,
        wanted["boot"],
        cpu,
        display,
        wanted["firmware"],
        video,
        wanted["network"],
        vnc_too=display == "spice" and "vnc" in able.graphics,
        sound=display == "spice" and options.get("sound") is True,
    )


def check_memory(parts: Hardware, memory: int | None) -> None:
    """Refuse a machine that could not boot and would only time out. Raises `UsageError`."""
    if (parts.firmware, parts.boot) == ("uefi", "menu") and memory and memory < MENU_MEMORY:
        least = format_size(MENU_MEMORY).replace(" ", "")
        raise UsageError(
            f"UEFI and its boot menu need at least {least} of memory",
            details=f"the machine would have {format_size(memory)}",
            remedy=f"--memory {least}, or --set on.libvirt.boot=direct",
        )


def _video(display: str, able: Abilities) -> str:
    """Return the card that suits a display; SPICE also works without its own card."""
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
