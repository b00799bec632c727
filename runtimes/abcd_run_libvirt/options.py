"""The options that a profile may set under `[on.libvirt]`."""

from collections.abc import Mapping

from abcd_run import schema
from abcd_run.runtime import Option

AUTO = "auto"
# QEMU would parse anything after a comma as further properties.
CPU = schema.matching(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", "the name of a CPU model that QEMU supports")

OPTIONS: Mapping[str, Option] = {
    "accel": Option(
        str, "`kvm` or `tcg` (emulation) overrides the automatic choice",
        AUTO, (AUTO, "kvm", "tcg"),
    ),
    "boot": Option(
        str, "`menu` starts the ISO as a CD, with firmware and menu", "direct", ("direct", "menu")
    ),
    "cpu": Option(
        CPU, "`max`, or a model's name", "`host` with KVM, `Nehalem` (x86-64-v2) without"
    ),
    "cpus": Option(
        schema.NUMBER,
        "how many processors unless `--cpus` says it, as far as the host has them",
        "2 with KVM, 1 without",
    ),
    "display": Option(
        str,
        "by default SPICE if QEMU has it with QXL, else VNC; with SPICE there is VNC too, for the "
        "browser",
        AUTO, (AUTO, "spice", "vnc", "none"),
    ),
    "firmware": Option(
        str, "the boot menu of `uefi` needs 320 MiB of memory", "bios", ("bios", "uefi")
    ),
    "network": Option(
        str, "`isolated`: only the published ports, no host and no internet",
        "user", ("user", "isolated"),
    ),
    "sound": Option(
        bool, "`true`: a sound card, which the viewer plays; with SPICE alone", "false"
    ),
    "video": Option(str, "a model that QEMU supports: `qxl`, `virtio`, `vga`, `bochs`", AUTO),
}  # fmt: skip
