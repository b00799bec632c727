"""The licences and notices of all that is in a site."""

import io
from pathlib import Path

from abcd_run.errors import ArtifactError
from abcd_run.limits import TEXT_BYTES
from abcd_run.oci.rootfs import Rootfs

FOLDER = "notices"
DOCUMENTS = "/usr/share/doc"
"""Where Debian's packages keep theirs, each in a file `copyright`."""


def copy_into(site: Path, root: Rootfs) -> None:
    """Copy the notices of the image's packages beside those of the emulator and the terminal."""
    documents = root.find(DOCUMENTS)
    for package in sorted(documents.children or ()) if documents else ():
        if text := text_of(root, f"{DOCUMENTS}/{package}/copyright"):
            name = f"debian-{package}.txt".replace("/", "_")
            (site / FOLDER / name).write_text(text, encoding="utf-8")


def listed(site: Path) -> list[str]:
    """Return the paths of all notices from the site's folder."""
    return [f"{FOLDER}/{path.name}" for path in sorted((site / FOLDER).iterdir())]


def text_of(root: Rootfs, path: str) -> str:
    """Return a text file of the image, at most `TEXT_BYTES` of it; empty if there is none."""
    out = io.BytesIO()
    try:
        root.read(path, out)
    except ArtifactError:
        return ""
    return out.getvalue()[:TEXT_BYTES].decode(errors="replace")
