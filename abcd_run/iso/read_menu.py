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

LINUX = frozenset({"linux", "linux16", "linuxefi"})
INITRD = frozenset({"initrd", "initrd16", "initrdefi"})


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
    listed = []
    for block in config.split("menuentry ")[1:]:
        lines = [line.split() for line in block.splitlines()]
        linux, initrd = _first(lines, LINUX), _first(lines, INITRD)
        if linux and initrd:
            words = (word.strip("'\"") for word in linux[1:])
            arguments = tuple(word for word in words if "$" not in word and word.isprintable())
            listed.append(Entry(_path(linux[0]), _path(initrd[0]), arguments))
    return tuple(listed)


def _first(lines: list[list[str]], names: frozenset[str]) -> list[str]:
    """Return the words behind a command's first use, none where it is not used."""
    return next((words[1:] for words in lines if words and words[0] in names), [])


def live_entry(config: str) -> Entry | None:
    """Return the menu's live session as a virtual machine wants it; None when it has no entry.

    The first entry that is one; else the first of all, without what makes it another thing.
    """
    every = entries(config)
    entry = next((entry for entry in every if entry.is_live), every[0] if every else None)
    if entry is None:
        return None
    unwanted = UNWANTED | OTHER
    wanted = tuple(word for word in entry.arguments if word not in unwanted)
    return Entry(entry.kernel, entry.initrd, wanted)


def _path(word: str) -> str:
    """Return the path of GRUB's ($root)/path."""
    return "/" + re.sub(r"^\([^)]*\)", "", word).lstrip("/")
