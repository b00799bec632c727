"""Read a live ISO's boot menu to find out how its plain live session starts."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Arguments that turn an entry into something other than a live session.
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
        "kairos.ram",
        "kairos.ram.create_partitions",  # on an empty disk, without asking
        "rd.debug",
    }
)
# nomodeset would keep a virtual machine's screen from using its driver.
UNWANTED = INSTALLS | {"nomodeset"}

LINUX = frozenset({"linux", "linux16", "linuxefi"})
INITRD = frozenset({"initrd", "initrd16", "initrdefi"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A way to boot: paths on the medium, and the kernel arguments."""

    kernel: str
    initrd: str
    arguments: tuple[str, ...]

    @property
    def is_live(self) -> bool:
        """Tell whether this is a plain live session."""
        return not (INSTALLS | OTHER) & set(self.arguments)


def entries(config: str) -> tuple[Entry, ...]:
    """Return the entries of a grub.cfg in order, without words that contain variables."""
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
    """Return the words after a command's first use; empty if it is not used."""
    return next((words[1:] for words in lines if words and words[0] in names), [])


def live_entry(config: str) -> Entry | None:
    """Return the menu's live session for a virtual machine, or None if the menu is empty.

    This is the first live entry, or else the first entry without the arguments that make it
    something else.
    """
    every = entries(config)
    entry = next((entry for entry in every if entry.is_live), every[0] if every else None)
    if entry is None:
        return None
    unwanted = UNWANTED | OTHER
    wanted = tuple(word for word in entry.arguments if word not in unwanted)
    return Entry(entry.kernel, entry.initrd, wanted)


def _path(word: str) -> str:
    """Return the path in GRUB's ($root)/path."""
    return "/" + re.sub(r"^\([^)]*\)", "", word).lstrip("/")
