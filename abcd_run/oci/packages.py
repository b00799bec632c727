"""What an image's package manager lists as installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.limits import MIB
from abcd_run.oci import tarformat as tf
from abcd_run.oci.rootfs import scan

if TYPE_CHECKING:
    from collections.abc import Collection

    from abcd_run.oci.model import Image

LISTS = {
    "/var/lib/dpkg/status": ("Package: ", "Version: "),
    "/lib/apk/db/installed": ("P:", "V:"),
}
"""Debian's and Alpine's package lists, and the prefixes of their name and version lines."""

LIST_BYTES = 16 * MIB


class _Bounded:
    """Accepts a file up to a size limit."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def write(self, data: bytes | memoryview, /) -> None:
        """Take them."""
        self.taken += data
        if len(self.taken) > LIST_BYTES:
            raise ArtifactError("the image's list of packages is larger than 16 MiB")


def installed(image: Image, wanted: Collection[str]) -> dict[str, str]:
    """Return the versions of the wanted packages that an image lists.

    Reads its layers. Raises `ArtifactError`.
    """
    rootfs, versions = scan(image), dict[str, str]()
    for path, signs in LISTS.items():
        node = rootfs.find(path)
        if node is not None and node.kind == tf.REGULAR:
            out = _Bounded()
            rootfs.read(path, out)
            versions |= parsed(out.taken.decode(errors="replace"), signs)
    return {name: versions[name] for name in wanted if name in versions}


def parsed(text: str, signs: tuple[str, str]) -> dict[str, str]:
    """Parse a package list: blocks of lines, two of which give the name and version."""
    versions, name = dict[str, str](), ""
    for line in text.split("\n"):
        if line.startswith(signs[0]):
            name = line.removeprefix(signs[0]).strip()
        elif line.startswith(signs[1]) and name:
            versions[name] = line.removeprefix(signs[1]).strip()
        elif not line:
            name = ""
    return versions
