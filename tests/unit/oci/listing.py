"""The contents of a tar, in a form that tests can compare."""

from __future__ import annotations

import io
import posixpath
import tarfile
from typing import TYPE_CHECKING

from abcd_run.oci.rootfs import scan

if TYPE_CHECKING:
    from abcd_run.oci.model import Image

Listing = dict[str, tuple[object, ...]]


def flat(image: Image, prefix: str = "") -> tarfile.TarFile:
    """Flatten an image and open the tar."""
    return tarfile.open(fileobj=io.BytesIO(b"".join(scan(image).tar(prefix))))


def members(image: Image) -> dict[str, tarfile.TarInfo]:
    """Return a flattened image's members by name; the root's name is empty."""
    with flat(image) as tar:
        listed = {posixpath.normpath(info.name): info for info in tar.getmembers()}
        assert len(listed) == len(tar.getmembers()), "a name twice"
    return {"" if name == "." else name: info for name, info in listed.items()}


def listing(tar: tarfile.TarFile) -> Listing:
    """Map each path to kind, owner, mode, content and the first name of its hard links."""
    first: dict[str, str] = {}
    listed: Listing = {}
    groups: dict[str, list[str]] = {}
    for info in tar.getmembers():
        name = posixpath.normpath(info.name)
        first[name] = first[info.linkname] if info.islnk() else name
        groups.setdefault(first[name], []).append(name)
        if not info.islnk():
            reader = tar.extractfile(info) if info.isreg() else None
            content = reader.read() if reader else info.linkname
            listed[name] = (info.type, info.uid, info.mode, content)
    for name, group in groups.items():
        for each in group:
            listed[each] = (*listed[name][:4], min(group))
    listed.pop(".", None)
    return listed
