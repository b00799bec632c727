"""The licences and notices of all that is in a site."""

import stat
from pathlib import Path

from abcd_run.limits import TEXT_BYTES
from abcd_run.site.root import MODE, Named

FOLDER = "notices"
DOCUMENTS, NOTICE = ("usr", "share", "doc"), "copyright"
"""Where Debian's packages keep theirs, each in its own folder."""


def copy_into(site: Path, root: list[Named], contents: Path) -> None:
    """Copy the notices of the image's packages beside those of the emulator and the terminal.

    `root` is the index of the root's names, and `contents` the folder of its files. A package whose
    documents are a link to another's has the other's notice.
    """
    from zstandard import ZstdDecompressor  # noqa: PLC0415  (only a site's maker needs it)

    for package, *_, documents in _folder(root, *DOCUMENTS):
        for file in documents if isinstance(documents, list) else ():
            if file[0] != NOTICE or not stat.S_ISREG(file[MODE]):
                continue
            with (contents / file[-1]).open("rb") as packed:
                text = ZstdDecompressor().stream_reader(packed).read(TEXT_BYTES)
            name = f"debian-{package}.txt".replace("/", "_")
            (site / FOLDER / name).write_text(text.decode(errors="replace"), encoding="utf-8")


def _folder(root: list[Named], *names: str) -> list[Named]:
    """Return what is in a folder of the index; nothing if there is no such folder."""
    for name in names:
        inside = (one[-1] for one in root if one[0] == name and stat.S_ISDIR(one[MODE]))
        root = next(inside, [])
    return root


def listed(site: Path) -> list[str]:
    """Return the paths of all notices from the site's folder."""
    return [f"{FOLDER}/{path.name}" for path in sorted((site / FOLDER).iterdir())]
