"""The root file system of a tab: an index of all names, and a compressed file for each content.

v86's 9p server reads the index at once, and a file when the machine first reads it.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abcd_run.errors import ArtifactError
from abcd_run.limits import SITE_FILE_BYTES
from abcd_run.site.served import content_name

VERSION = 3
"""Of the index's form, which v86 checks."""

MODE = 3
"""The place of a name's mode in the index."""

FOLDER, REGULAR, LINK = 0o040000, 0o100000, 0o120000
"""What a name is, in the upper bits of its mode."""

LEFT_OUT = ("boot",)
"""Folders of the image that no running tab reads: the page loads kernel and initrd itself."""

LEVEL = 12
"""Of compression: 19 takes ten times as long and saves a tenth of what a tab fetches."""

Named = list[Any]
"""A name in v86's index: name, size, mtime, mode, uid, gid, and content, target or children."""


@dataclass
class _Folder:
    record: Named
    children: dict[str, "_Folder | Named"] = field(default_factory=dict[str, "_Folder | Named"])


def write_root(pieces: Iterable[bytes], folder: Path) -> bytes:
    """Write the contents of a root's tar into a folder, compressed; return the index as JSON.

    Devices and pipes are left out: the running system makes them. Raises `ArtifactError`.
    """
    root = _Folder(["", 0, 0, FOLDER | 0o755, 0, 0])
    total = 0
    stream = io.BufferedReader(_Pieces(iter(pieces)))
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            parts = [part for part in member.name.split("/") if part not in {"", "."}]
            if not parts or parts[0] not in LEFT_OUT:
                total += _put(root, parts, member, tar, folder)
    index = {"version": VERSION, "size": total, "fsroot": _listed(root)}
    return json.dumps(index, separators=(",", ":"), sort_keys=True).encode()


def _put(
    root: _Folder, parts: list[str], member: tarfile.TarInfo, tar: tarfile.TarFile, into: Path
) -> int:
    """Put a member of the tar into the tree; return the bytes that it takes up."""
    if not parts:
        return 0
    above = _above(root, parts)
    named: Named = [
        parts[-1], member.size, int(member.mtime), member.mode & 0o7777, member.uid, member.gid,
    ]  # fmt: skip
    if member.isdir():
        named[1:4] = [0, named[2], named[3] | FOLDER]
        _folder_in(above, parts[-1]).record[:] = named
    elif member.issym():
        above.children[parts[-1]] = [*named[:3], named[3] | LINK, *named[4:], member.linkname]
    elif member.islnk():
        above.children[parts[-1]] = [parts[-1], *_at(root, member.linkname)[1:]]
    elif member.isreg():
        named[3] |= REGULAR
        above.children[parts[-1]] = [*named, _stored(tar, member, into)]
        return member.size
    return 0


def _above(root: _Folder, parts: list[str]) -> _Folder:
    folder = root
    for part in parts[:-1]:
        folder = _folder_in(folder, part)
    return folder


def _folder_in(folder: _Folder, name: str) -> _Folder:
    inside = folder.children.get(name)
    if not isinstance(inside, _Folder):  # its own record comes after what it contains
        inside = folder.children[name] = _Folder([name, 0, 0, FOLDER | 0o755, 0, 0])
    return inside


def _at(root: _Folder, path: str) -> Named:
    """Return the file that a hard link names, which came before it."""
    parts = [part for part in path.split("/") if part not in {"", "."}]
    named = _above(root, parts).children.get(parts[-1]) if parts else None
    if not isinstance(named, list):
        raise ArtifactError(f"{path}: a hard link to what is not in the image")
    return named


def _stored(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> str:
    """Write a file's content under a name that says what it is; return the name."""
    from zstandard import ZstdCompressor  # noqa: PLC0415  (only a site's maker needs it)

    if member.size > SITE_FILE_BYTES:
        raise ArtifactError(
            f"{member.name} has {member.size} bytes: too much for a tab",
            details=f"a file may have {SITE_FILE_BYTES} bytes",
            remedy="leave it out of the variant abcdib",
        )
    content = tar.extractfile(member)
    assert content is not None
    packed = ZstdCompressor(level=LEVEL, write_content_size=True).compress(content.read())
    name = content_name(hashlib.sha256(packed).hexdigest())
    (into / name).write_bytes(packed)
    return name


def _listed(folder: _Folder) -> list[Named]:
    listed = []
    for _, inside in sorted(folder.children.items()):
        if isinstance(inside, _Folder):
            listed.append([*inside.record, _listed(inside)])
        else:
            listed.append(inside)
    return listed


class _Pieces(io.RawIOBase):
    """Pieces of bytes, read as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size
