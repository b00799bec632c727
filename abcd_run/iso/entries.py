"""Read a live ISO's boot menu: what its plain live session is started with."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Arguments that make another thing than a live session of an entry.
INSTALLS = frozenset(
    {
        "install-mode",
        "install-mode-interactive",
        "interactive-install",  # Kairos before 2.0
        "nodepair.enable",  # the same
    }
)
OTHER = frozenset(
    {
        "kairos.remote_recovery_mode",
        "kairos.boot_live_mode",
        "rd.debug",
    }
)
# nomodeset would leave a virtual machine's screen without its driver.
UNWANTED = INSTALLS | {"nomodeset"}

LINUX = re.compile(r"^\s*linux(?:16|efi)?\s+(\S+)\s+(.*)$", re.MULTILINE)
INITRD = re.compile(r"^\s*initrd(?:16|efi)?\s+(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A way to start: paths on the medium, and the kernel's arguments."""

    kernel: str
    initrd: str
    arguments: tuple[str, ...]

    @property
    def is_live(self) -> bool:
        """Tell whether this is a plain live session."""
        return not (INSTALLS | OTHER) & set(self.arguments)


def entries(config: str) -> tuple[Entry, ...]:
    """Return the entries of a grub.cfg, in its order; words with variables are left out."""
    found = []
    for block in config.split("menuentry ")[1:]:
        linux, initrd = LINUX.search(block), INITRD.search(block)
        if linux and initrd:
            words = (word.strip("'\"") for word in linux[2].split())
            arguments = tuple(word for word in words if "$" not in word)
            found.append(Entry(_path(linux[1]), _path(initrd[1]), arguments))
    return tuple(found)


def live_entry(config: str) -> Entry | None:
    """Return the menu's live session as a virtual machine wants it; None when it has no entry.

    The first entry that is one; else the first of all, without what makes it another thing.
    """
    every = entries(config)
    entry = next((entry for entry in every if entry.is_live), every[0] if every else None)
    if entry is None:
        return None
    wanted = tuple(word for word in entry.arguments if word not in UNWANTED | OTHER)
    return Entry(entry.kernel, entry.initrd, wanted)


def _path(word: str) -> str:
    """Return the path of GRUB's ($root)/path."""
    return "/" + re.sub(r"^\([^)]*\)", "", word).lstrip("/")
