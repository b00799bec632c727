"""Describe a tree on disk by everything that an image carries, to compare two of them."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Description = dict[str, tuple[object, ...]]


def describe(root: Path, *, directory_times: bool = True) -> Description:
    """Map each path to type, mode, owner, size, content, device, xattrs, times and link group."""
    described: Description = {}
    groups: dict[int, str] = {}
    for path in sorted([root, *root.rglob("*")]):
        status = path.lstat()
        name = str(path.relative_to(root))
        folder = stat.S_ISDIR(status.st_mode)
        first = name if folder else groups.setdefault(status.st_ino, name)
        described[name] = (
            oct(status.st_mode),
            (status.st_uid, status.st_gid),
            0 if folder else status.st_size,
            _content(path, status.st_mode),
            status.st_rdev,
            _attributes(path),
            int(status.st_mtime) if directory_times or not folder else 0,
            first,
        )
    return described


def differences(ours: Description, theirs: Description) -> list[str]:
    """List what differs, path by path."""
    return [
        f"{name}: {ours.get(name)} != {theirs.get(name)}"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    ]


def _content(path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return str(path.readlink())
    return hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(mode) else ""


def _attributes(path: Path) -> tuple[tuple[str, bytes], ...]:
    # Rootless builders leak their overlay's marks into layers; umoci drops those without a value.
    marks = "user.overlay."
    names = [name for name in os.listxattr(path, follow_symlinks=False) if marks not in name]
    names.sort()
    return tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in names)
