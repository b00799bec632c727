"""The boot menu of a live ISO as AuroraBoot writes it: its entries, their order, their arguments.

The facts are those of `pkg/constants/grub_live_bios.cfg` (kairos-io/AuroraBoot, fa85123).
"""

CONSOLE = "console=ttyS0 console=tty1"
LIVE = (
    "cdroot root=live:CDLABEL=COS_LIVE rd.live.dir=/ rd.live.squashimg=rootfs.squashfs"
    " net.ifnames=1"
)
SCREEN = "vga=795 nomodeset"
LAST = "selinux=0 $thor_options rd.live.overlay.overlayfs"
ENTRIES = {
    "Kairos": f"{CONSOLE} rd.cos.disable {SCREEN} install-mode",
    "Kairos (manual)": f"{CONSOLE} rd.cos.disable {SCREEN}",
    "kairos (interactive install)": f"{CONSOLE} rd.cos.disable {SCREEN} install-mode-interactive",
    "Kairos (remote recovery mode)": (
        f"{CONSOLE} rd.cos.disable {SCREEN} kairos.remote_recovery_mode"
    ),
    "Kairos (boot local node from livecd)": f"{CONSOLE} kairos.boot_live_mode {SCREEN}",
    "Kairos (debug)": (f"console=tty0 rd.debug rd.shell rd.cos.disable rd.immucore.debug {SCREEN}"),
}
"""The arguments of each entry; the first is the one that starts by itself."""

RAM = {"Boot Kairos to RAM now": f"{CONSOLE} kairos.ram kairos.ram.create_partitions {SCREEN}"}
"""In a submenu: it writes to empty disks."""


def written() -> str:
    """Return the menu's text."""
    told = 'menuentry "what it does to disks" --unrestricted { set _info=1 }\n'
    return (
        "search --file --set=root /boot/kernel\n"
        "set default=0\nset timeout=10\nset timeout_style=menu\n"
        "smbios --type 4 --get-string 5 --set model\n"
        'if [ "${model}" = "Thor" ]; then set thor_options="pd_ignore_unused"; fi\n'
        + "".join(_entry(*one) for one in ENTRIES.items())
        + 'submenu "Kairos (boot to RAM)" --class os --unrestricted {\n'
        + told
        + "".join(_entry(*one) for one in RAM.items())
        + "}\n"
    )


def _entry(title: str, arguments: str) -> str:
    return (
        f'menuentry "{title}" --class os --unrestricted {{\n'
        "    echo Loading kernel...\n"
        f"    linux ($root)/boot/kernel {LIVE} {arguments} {LAST}\n"
        "    echo Loading initrd...\n"
        "    initrd ($root)/boot/initrd\n"
        "}\n"
    )
