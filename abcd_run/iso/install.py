"""Find out whether a live ISO would write to a disk by itself.

Kairos' agent installs without asking if the merged cloud-config has `install.auto: true`, whether
from a file on the medium or from the kernel's arguments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from abcd_run.iso.medium import opened
from abcd_run.iso.read_menu import entries
from abcd_run.visible import visible

if TYPE_CHECKING:
    from pathlib import Path

YES = r"[\"']?(?:true|yes|on|y)[\"']?"  # YAML 1.1 accepts all of these
KEY = r"[\"']?{}[\"']?\s*:"
BLOCK = re.compile(rf"^(?P<indent>\s*){KEY.format('install')}\s*(?:#.*)?$", re.IGNORECASE)
AUTO = re.compile(rf"^\s*{KEY.format('auto')}\s*{YES}\s*(?:#.*)?$", re.IGNORECASE)
# Each is searched for between two closing braces, where it starts only once: always fast.
OPENED = re.compile(rf"{KEY.format('install')}\s*\{{", re.IGNORECASE)
AUTO_IN_FLOW = re.compile(rf"{KEY.format('auto')}\s*{YES}\s*[,}}]", re.IGNORECASE)
ARGUMENT = re.compile(rf"(?:kairos\.)?install\.auto(?:={YES})?", re.IGNORECASE)


def auto_install(iso: Path) -> str | None:
    """Return what would make the ISO install itself without asking, or None."""
    with opened(iso) as medium:
        for path, file in medium.files():  # the agent searches folders too
            if path.endswith((".yaml", ".yml")) and installs(medium.text_of(file)):
                return f"{visible(path)} has install.auto: true"
        for entry in entries(medium.menu()):
            for word in filter(ARGUMENT.fullmatch, entry.arguments):
                return f"the boot menu has {word}"
    return None


def installs(config: str) -> bool:
    """Tell whether a cloud-config has `install.auto: true`, in block or flow style or JSON.

    Reads the text line by line rather than as YAML, and so also refuses lookalikes.
    """
    inside: int | None = None
    for line in config.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if inside is not None and indent <= inside:
            inside = None
        if block := BLOCK.match(line):
            inside = len(block["indent"])
        elif inside is not None and AUTO.match(line):
            return True
    return any(map(_installs_in_flow, config.split("}")))


def _installs_in_flow(text: str) -> bool:
    """Tell whether `install: {` is followed by `auto: true` in a text without closing braces."""
    begun = OPENED.search(text)
    return bool(begun and AUTO_IN_FLOW.search(text + "}", begun.end()))
