"""Delete whatever no name in the store leads to any more."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.oci import parse
from abcd_run.oci.blobs import Layout, read_blob
from abcd_run.oci.model import INDEXES, MANIFESTS

if TYPE_CHECKING:
    from pathlib import Path

    from abcd_run.oci.model import Descriptor


def delete(folder: Path, entries: tuple[Descriptor, ...], parts: str) -> int:
    """Delete blobs that no entry leads to, and what killed processes left; return the bytes freed.

    The caller holds the lock, so nobody is importing.
    """
    needed = _needed(folder, entries)
    blobs = (folder / "blobs").glob("*/*")
    unneeded = [blob for blob in blobs if f"{blob.parent.name}:{blob.name}" not in needed]
    return sum(map(remove, [*unneeded, *folder.glob(parts)]))


def _needed(folder: Path, entries: tuple[Descriptor, ...]) -> set[str]:
    """Return every digest that the entries lead to; a broken manifest leads nowhere."""
    needed: set[str] = set()
    left = list(entries)
    while left:
        blob = left.pop()
        if blob.digest not in needed:
            needed.add(blob.digest)
            left += _named_in(blob, folder)
    return needed


def _named_in(blob: Descriptor, folder: Path) -> tuple[Descriptor, ...]:
    """Return what an index or a manifest names."""
    if blob.media_type not in INDEXES | MANIFESTS:
        return ()
    try:
        document = parse.document(read_blob(Layout(folder), blob), folder, blob.digest)
        if blob.media_type in INDEXES:
            return parse.descriptors(document.get("manifests"), folder)
        layers = parse.descriptors(document.get("layers") or [], folder)
        return parse.descriptor(document.get("config"), folder), *layers
    except ArtifactError:
        return ()


def remove(path: Path) -> int:
    """Remove a file or folder if it exists; return a file's size in bytes."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return 0
    try:
        size = path.lstat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    return size
