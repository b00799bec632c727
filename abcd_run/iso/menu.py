"""The boot menu and kernel arguments of a Kairos live ISO, with the live session first."""

from __future__ import annotations

import re

from abcd_run.errors import ArtifactError
from abcd_run.iso.system import LABEL

LIVE = (
    "cdroot",
    f"root=live:CDLABEL={LABEL}",
    "rd.live.dir=/",
    "rd.live.squashimg=rootfs.squashfs",
    "net.ifnames=1",
    "rd.cos.disable",
    "selinux=0",
    "rd.live.overlay.overlayfs",
)
# Kairos' two consoles in reverse order: the last is /dev/console, where init and services write.
# The launcher can read it on the serial line; the screen has its login or desktop.
CONSOLES = ("console=tty1", "console=ttyS0")
DEBUG = ("rd.debug", "rd.shell", "rd.immucore.debug")

# hidden: Escape or Shift within the second shows it
HEAD = """\
set default=0
set timeout_style=hidden
set timeout=1
if serial --unit=0 --speed=115200; then
    terminal_input console serial
    terminal_output console serial
fi
insmod all_video
"""
# The mode that the kernel starts in. keep: text mode on a BIOS; on UEFI the mode it has set,
# without which the screen stays dark. A mode: gives a BIOS a frame buffer too, for hardware
# whose driver fails.
KEEP, PLAIN = "keep", "1024x768,auto"
ENTRY = """
menuentry '{title}' --class os --unrestricted {{
    set gfxpayload={screen}
    linux ($root)/boot/kernel {arguments}
    initrd ($root)/boot/initrd
}}
"""


def live_arguments(*extra: str) -> tuple[str, ...]:
    """Return the kernel arguments for a live session, as in the menu's first entry."""
    return (*LIVE, *CONSOLES, *extra)


def menu(title: str, arguments: tuple[str, ...]) -> str:
    """Return grub.cfg: the live session, and three other ways to start it if it fails."""
    title = re.sub(r"[^\w .,:;+()/-]", "", title) or "Live system"
    entries = (
        (title, KEEP, live_arguments(*arguments)),
        (f"{title} (simple graphics)", PLAIN, live_arguments("nomodeset", *arguments)),
        (f"{title} (serial console only)", KEEP, (*LIVE, "console=ttyS0", *arguments)),
        (f"{title} (debug)", KEEP, (*LIVE, "console=ttyS0", "console=tty0", *DEBUG, *arguments)),
    )
    return HEAD + "".join(
        ENTRY.format(title=name, screen=screen, arguments=" ".join(map(_word, words)))
        for name, screen, words in entries
    )


def _word(argument: str) -> str:
    """Return ARGUMENT as one word of a GRUB script."""
    if not re.fullmatch(r"[^\s'\x00-\x1f]+", argument):
        raise ArtifactError(
            f"{argument!r} cannot be a kernel argument",
            remedy="remove spaces and single quotes",
        )
    return argument if re.fullmatch(r"[\w.,:/=@%+-]+", argument) else f"'{argument}'"
