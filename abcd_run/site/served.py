"""Files of a site whose names say what is in them: browsers may keep them for ever."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from abcd_run.download.checked import sha256_of

DIGITS = 32
"""Hexadecimal digits of a file's sha256 in its name."""


@dataclass(frozen=True, slots=True)
class Served:
    """A file of the site: its path from the site's folder, its size in bytes and its sha256."""

    path: str
    size: int
    sha256: str

    def described(self) -> dict[str, str | int]:
        """Return what the page is told of it."""
        return {"path": self.path, "size": self.size, "sha256": self.sha256}


def content_name(sha256: str) -> str:
    """Return the name of a compressed content of the root, by the sha256 of what is served."""
    return f"{sha256[:DIGITS]}.bin.zst"


def serve(made: Path, site: Path, name: str, suffix: str = "") -> Served:
    """Move a file into the site's folder `machine`, with its digest in its name."""
    path = f"machine/{name}-{sha256_of(made)[:DIGITS]}{suffix}"
    shutil.move(made, site / path)
    (site / path).chmod(0o644)
    return present(site, path)


def present(site: Path, path: str) -> Served:
    """Return a file that is in the site."""
    return Served(path, (site / path).stat().st_size, sha256_of(site / path))
