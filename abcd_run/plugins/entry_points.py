"""The entry points of installed packages, read from the files that `importlib.metadata` reads.

That module also imports a mail parser, zip archives and more: 10 of a command's 80 ms.
"""

import importlib
import re
import sys
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import NamedTuple

INFOS = (".dist-info", ".egg-info")


class Entry(NamedTuple):
    """One line of a plug-in: a name, and `module:value`."""

    name: str
    value: str

    def load(self) -> object:
        """Import the module and return the value."""
        module, _, path = self.value.partition("[")[0].strip().partition(":")
        imported: object = importlib.import_module(module.strip())
        return reduce(getattr, filter(None, path.strip().split(".")), imported)


def entries(group: str) -> list[Entry]:
    """Return the entries of a group, in the order of `sys.path`."""
    written = [
        entry
        for info in _infos()
        if (text := _text(info / "entry_points.txt")) and group in text
        for entry in _entries(text, group)
    ]
    # Nothing at all: installed in a way that only the slow module reads, such as a zip archive.
    return written or _asked(group)


def _infos() -> Iterator[Path]:
    """Yield the folders that describe installed packages; the first of a name hides the others."""
    known = set[str]()
    for folder in sys.path:
        try:
            names = sorted(path.name for path in Path(folder).iterdir())
        except OSError:  # missing, or not a folder
            continue
        for name in names:
            if name.endswith(INFOS):
                package = re.sub(r"[-_.]+", "_", name.rpartition(".")[0].partition("-")[0]).lower()
                if package not in known:
                    known.add(package)
                    yield Path(folder, name)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # most packages have none
        return ""


def _entries(text: str, group: str) -> Iterator[Entry]:
    here = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            here = line == f"[{group}]"
        elif here and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield Entry(name.strip(), value.strip())


def _asked(group: str) -> list[Entry]:
    from importlib.metadata import entry_points  # noqa: PLC0415  (see above)

    return [Entry(one.name, one.value) for one in entry_points(group=group)]
