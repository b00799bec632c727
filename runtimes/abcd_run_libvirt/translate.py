"""Translate a plan into libvirt's domain XML."""

import math
import os
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from abcd_run.backend import record
from abcd_run.errors import UsageError
from abcd_run.model import Plan
from abcd_run_libvirt import MEMORY, labels
from abcd_run_libvirt.folder import Folder
from abcd_run_libvirt.hardware import NETWORK, Hardware

QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"
ISOLATED = (
    ("-netdev", f"user,id={NETWORK},restrict=on"),
    # libvirt does not know of this card; this is a slot that it gives to nothing else.
    ("-device", f"virtio-net-pci,netdev={NETWORK},addr=0x10,romfile="),
)
"""What libvirt cannot express: a network with forwarded ports and nothing else."""

EMULATED = ("mitigations=off", "no_timer_check")
"""For a kernel on an emulated processor, which does not speculate: mitigations would waste half of
its time. On a busy host its timer may be late when the kernel looks at it, which then gives up."""

ET.register_namespace("qemu", QEMU)


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that boots directly, without firmware and boot menu."""

    kernel: Path
    initrd: Path
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """Everything that defines one machine; without a `kernel` it boots the ISO's menu."""

    machine: str
    plan: Plan
    iso: Path
    hardware: Hardware
    folder: Folder
    kernel: Kernel | None = None


def xml(design: Design) -> str:
    """Return the XML of a transient domain."""
    plan, hardware = design.plan, design.hardware
    domain = ET.Element("domain", {"type": "kvm" if hardware.accel == "kvm" else "qemu"})
    _add(domain, "name", plan.name)
    _add(domain, "uuid", design.machine)
    _add(domain, "title", f"{plan.image} (abcd-run)")
    noted = labels.Noted(record.labels(plan), plan.seed.password)
    _add(domain, "metadata").append(labels.written(noted))
    _add(domain, "memory", str(plan.resources.memory or MEMORY), unit="bytes")
    _add(domain, "vcpu", str(processors(plan, hardware)))
    _system(domain, design)
    features = _add(domain, "features")
    _add(features, "acpi")
    _add(features, "apic")
    _cpu(domain, hardware)
    _add(_add(domain, "clock", offset="utc"), "timer", name="hpet", present="no")
    # A live system that reboots starts afresh; one that powers off is gone.
    for event, what in (("poweroff", "destroy"), ("reboot", "restart"), ("crash", "destroy")):
        _add(domain, f"on_{event}", what)
    _devices(_add(domain, "devices"), design)
    if hardware.network == "isolated":
        line = _add(domain, f"{{{QEMU}}}commandline")
        for word in (word for option in ISOLATED for word in option):
            _add(line, f"{{{QEMU}}}arg", value=word)
    ET.indent(domain)
    text = ET.tostring(domain, encoding="unicode") + "\n"
    if odd := labels.NO_TEXT.search(text):
        start = max(0, odd.start() - 40)
        raise UsageError(
            "libvirt accepts neither control characters nor file names that are not UTF-8",
            details=repr(text[start : odd.end()]),
            remedy="rename the file, or remove the characters",
        )
    return text


def processors(plan: Plan, hardware: Hardware) -> int:
    """Return the number of processors that were asked for, or as many as are good where there are.

    A second one that is emulated gains a desktop much, and a small system nothing.
    """
    if plan.resources.cpus:
        return math.ceil(plan.resources.cpus)
    usual = plan.options.get("cpus", 2 if hardware.accel == "kvm" else 1)
    assert isinstance(usual, int | float)  # as the rule of the option says
    return min(math.ceil(usual), os.cpu_count() or 1)


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _system(domain: ET.Element, design: Design) -> None:
    kernel = design.kernel
    system = _add(domain, "os")
    _add(system, "type", "hvm", arch="x86_64", machine="q35")
    if design.hardware.firmware == "uefi":
        system.set("firmware", "efi")
        # No key that the firmware knows has signed the boot loaders of live ISOs.
        _add(_add(system, "firmware"), "feature", enabled="no", name="secure-boot")
        _add(system, "nvram", str(design.folder.variables))
    if kernel is None:
        _add(system, "boot", dev="cdrom")
        return
    _add(system, "kernel", str(kernel.kernel))
    _add(system, "initrd", str(kernel.initrd))
    more = EMULATED if design.hardware.accel == "tcg" else ()
    _add(system, "cmdline", " ".join((*kernel.arguments, *more)))


def _cpu(domain: ET.Element, hardware: Hardware) -> None:
    modes = {"host": "host-passthrough", "max": "maximum"}
    if hardware.cpu in modes:
        _add(domain, "cpu", mode=modes[hardware.cpu])
        return
    cpu = _add(domain, "cpu", mode="custom", match="exact", check="none")
    _add(cpu, "model", hardware.cpu, fallback="allow")


def _devices(devices: ET.Element, design: Design) -> None:
    _disks(devices, design)
    _add(devices, "controller", type="usb", model="none")
    _shares(devices, design.plan)
    if design.hardware.network == "user":
        interface = _add(devices, "interface", type="user")
        _add(interface, "model", type="virtio")
        _add(interface, "rom", enabled="no")  # no network boot
    serial = _add(devices, "serial", type="pty")
    _add(serial, "log", file=str(design.folder.log), append="off")
    _add(_add(devices, "rng", model="virtio"), "backend", "/dev/urandom", model="random")
    _add(devices, "memballoon", model="none")
    _screen(devices, design.hardware, design.folder)


def _disks(devices: ET.Element, design: Design) -> None:
    # A directly booted kernel finds its medium on the fastest bus; a boot menu needs a CD.
    kind, bus, letters = ("disk", "virtio", "vd") if design.kernel else ("cdrom", "sata", "sd")
    for path, letter in ((design.iso, "a"), (design.folder.seed, "b")):
        disk = _add(devices, "disk", type="file", device=kind)
        _add(disk, "driver", name="qemu", type="raw")
        _add(disk, "source", file=str(path))
        _add(disk, "target", dev=letters + letter, bus=bus)
        _add(disk, "readonly")


def _shares(devices: ET.Element, plan: Plan) -> None:
    for number, share in enumerate(plan.shares):
        # `squash`: files belong to the user who runs the machine, whatever owner the guest sets.
        shared = _add(devices, "filesystem", type="mount", accessmode="squash", multidevs="remap")
        _add(shared, "source", dir=str(share.source))
        _add(shared, "target", dir=f"share{number}")
        if share.read_only:
            _add(shared, "readonly")


def _screen(devices: ET.Element, hardware: Hardware, folder: Folder) -> None:
    video = _add(devices, "video")
    _add(video, "model", type=hardware.video)
    if hardware.display == "none":
        return
    _add(devices, "input", type="tablet", bus="virtio")
    for protocol in (hardware.display, *(("vnc",) if hardware.vnc_too else ())):
        graphics = _add(devices, "graphics", type=protocol)
        # A socket in a private folder: nobody else can even try a password.
        _add(graphics, "listen", type="socket", socket=str(folder.screen(protocol)))
    if hardware.display == "spice":
        channel = _add(devices, "channel", type="spicevmc")
        _add(channel, "target", type="virtio", name="com.redhat.spice.0")
    if hardware.sound:
        # A loudspeaker and no microphone.
        _add(_add(devices, "sound", model="ich9"), "codec", type="output")
        _add(devices, "audio", id="1", type="spice")
