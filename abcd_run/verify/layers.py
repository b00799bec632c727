"""What of an image is its upper layer's, and so differs from one variant to the other.

The layers that all variants share are the base. What the other layers hold is the variant's own.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace

from abcd_run.errors import ArtifactError
from abcd_run.limits import IMAGE_BYTES, IMAGE_ENTRIES
from abcd_run.model import Kind
from abcd_run.oci.layers import REFUSED, reading
from abcd_run.oci.merge import META, WHITEOUT
from abcd_run.oci.model import Image, Layer
from abcd_run.oci.packages import LIST_BYTES
from abcd_run.oci.stream import Stream
from abcd_run.oci.tarread import Entry, entries
from abcd_run.verify.reading import package_list

LISTS = ("/var/lib/dpkg/status", "/lib/apk/db/installed", "/usr/lib/apk/db/installed")
MERGED = ("/bin", "/sbin", "/lib", "/lib64")
"""Folders that may be links to those of the same names in /usr."""

COMM = 15
"""How many characters of a program's name the kernel keeps."""


@dataclass(frozen=True, slots=True)
class Upper:
    """What a variant's own layers hold: paths, folders they remove, and names of programs.

    `packages` is what the whole image has installed; None if no variant's own layers change that.
    """

    paths: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    packages: Mapping[str, str] | None = None
    programs: frozenset[str] = frozenset()

    def owns(self, path: str) -> bool:
        """Say whether a path is not the base's."""
        parts = path.split("/")
        above = {"/".join(parts[:depth]) for depth in range(2, len(parts))}
        return path in self.paths or bool(above & self.gone)


def uppers(images: Mapping[Kind, Image]) -> dict[Kind, Upper]:
    """Return what each variant adds to the base that they share.

    A single variant adds nothing: it is the same everywhere. Raises `ArtifactError`.
    """
    shared = shared_layers(images)
    uppers = {kind: _upper(image, shared) for kind, image in images.items()}
    if all(one.packages is None for one in uppers.values()):
        return uppers
    return {kind: _with_packages(one, images[kind], shared) for kind, one in uppers.items()}


def shared_layers(images: Mapping[Kind, Image]) -> int:
    """Return how many layers, from the lowest on, are the same in all images."""
    columns = zip(
        *([layer.diff_id for layer in one.layers] for one in images.values()), strict=False
    )
    same = 0
    for column in columns:
        if len(set(column)) > 1:
            break
        same += 1
    return same


def _upper(image: Image, shared: int) -> Upper:
    paths: set[str] = set()
    gone: set[str] = set()
    packages: Mapping[str, str] | None = None
    for layer in image.layers[shared:]:
        listed = _read(image, layer, paths, gone)
        packages = listed if listed is not None else packages
    programs = frozenset(path.rpartition("/")[2][:COMM] for path in paths)
    return Upper(
        frozenset(paths | _merged(paths)), frozenset(gone | _merged(gone)), packages, programs
    )


def _with_packages(upper: Upper, image: Image, shared: int) -> Upper:
    """Return it with the base's list of packages, if it has none of its own."""
    packages = upper.packages
    for layer in image.layers[:shared] if packages is None else ():
        listed = _read(image, layer, set(), set())
        packages = listed if listed is not None else packages
    return replace(upper, packages=packages or {})


def _merged(paths: set[str]) -> set[str]:
    return {f"/usr{path}" for path in paths if path.startswith(tuple(f"{top}/" for top in MERGED))}


def _read(image: Image, layer: Layer, paths: set[str], gone: set[str]) -> dict[str, str] | None:
    """Add what a layer holds; return its list of packages, if it has one."""
    packages: dict[str, str] | None = None
    with reading(image, layer) as stream:
        for entry in entries(stream):
            if len(paths) > IMAGE_ENTRIES or stream.position > IMAGE_BYTES:
                raise ArtifactError(f"layer {layer.blob.digest} is too large", remedy=REFUSED)
            path = posixpath.normpath(f"/{entry.name.lstrip('/')}")
            folder, _, name = path.rpartition("/")
            if name.startswith(META):
                gone.add(folder)
            elif name.startswith(WHITEOUT):
                hidden = f"{folder}/{name.removeprefix(WHITEOUT)}"
                paths.add(hidden)
                gone.add(hidden)
            else:
                paths.add(path)
            if path in LISTS:
                packages = (packages or {}) | _packages(stream, entry)
    return packages


def _packages(stream: Stream, entry: Entry) -> dict[str, str]:
    if entry.size > LIST_BYTES:
        return {}
    return package_list(stream.take(entry.size).decode(errors="replace"))
