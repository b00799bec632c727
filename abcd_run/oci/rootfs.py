"""An image's root file system: read its files, or stream it as one tar.

This takes two passes over the layers: the first reads headers and decides which records survive
(merge.py), the second copies those. Nothing is unpacked, so it needs no privileges, and owners,
devices and capabilities stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from sys import getsizeof
from typing import TYPE_CHECKING, Protocol

from abcd_run.errors import ArtifactError
from abcd_run.limits import BOOT_FILE_BYTES
from abcd_run.oci import sparse, tarwrite
from abcd_run.oci import tarformat as tf
from abcd_run.oci.budget import Budget, Limits
from abcd_run.oci.layers import REFUSED, reading
from abcd_run.oci.merge import limits_of, merge
from abcd_run.oci.tarread import PATH_LIMIT, Entry, entries
from abcd_run.oci.tarwrite import Extra
from abcd_run.oci.tree import FOLDER_BYTES, record_weight, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from abcd_run.oci.model import Image
    from abcd_run.oci.stream import Stream
    from abcd_run.oci.tree import Node, Tree

CHUNK = 1 << 20
SPARSE = "GNU.sparse.major"


class Writable(Protocol):
    """Something that accepts bytes."""

    def write(self, data: bytes | memoryview, /) -> object:
        """Accept all of the bytes."""
        ...


def scan(image: Image, *, limits: Limits | None = None) -> Rootfs:
    """Read all layers once, verify them and merge them."""
    return Rootfs(image, merge(image, limits or limits_of(image)))


class Rootfs:
    """The merged root of an image; made by `scan`."""

    def __init__(self, image: Image, tree: Tree) -> None:
        self.image, self._tree = image, tree
        self._extras: list[Extra] = []

    def find(self, path: str) -> Node | None:
        """Follow a path, resolving symbolic links inside the root; None if nothing is there."""
        return self._tree.find(path)

    def exists(self, path: str) -> bool:
        """Tell whether a path leads to something."""
        return self.find(path) is not None

    def add(self, extras: Iterable[Extra]) -> None:
        """Put small entries on top, replacing anything with the same names."""
        for extra in extras:
            entry = Entry(len(self._extras), extra.path, extra.kind, 0, extra.link, b"")
            if extra.kind == tf.DIRECTORY:
                entry.header = tarwrite.header(extra, 0)
            self._extras.append(extra)
            self._tree.put(len(self.image.layers), entry)

    def read(self, path: str, out: Writable) -> int:
        """Copy a regular file's content and return its size; ArtifactError if it is not one."""
        node = self.find(path)
        if node is None or node.kind != tf.REGULAR:
            raise ArtifactError(
                f"{self.image.source.path}: {path} is {'not a file' if node else 'missing'}",
                remedy="check that this is the right variant of the image",
            )
        if node.layer == len(self.image.layers):
            data = self._extras[node.ordinal].data
            out.write(data)
            return len(data)
        return self._copy(node, path, out)

    def tar(self, prefix: str = "") -> Iterator[bytes]:
        """Yield everything as one tar, in pieces of about 1 MiB, with `prefix` before each name."""
        return gathered(chain(self.records(prefix), [tf.END]), CHUNK)

    def records(self, prefix: str = "") -> Iterator[bytes | memoryview]:
        """Yield the records without the end mark; each hard link comes after its file.

        Directories come last, deepest first, so that a reader that sets times as it goes ends up
        with the right times on directories.
        """
        plan = self._plan()
        for number, layer in enumerate(self.image.layers):
            if plan.files[number]:
                with reading(self.image, layer, checked=True) as stream:
                    yield from _survivors(stream, plan.files[number], plan.links[number], prefix)
        yield from self._extra_records(plan.files[-1], prefix)
        for path, node in reversed(plan.directories):
            yield _directory(node, prefix + path)

    def _plan(self) -> Plan:
        try:
            return plan_of(self._tree.root, len(self.image.layers) + 1)
        except tf.TarError as error:
            raise ArtifactError(
                f"{self.image.source.path}: the image is refused: {error}", remedy=REFUSED
            ) from error

    def _copy(self, node: Node, path: str, out: Writable) -> int:
        layer = self.image.layers[node.layer]
        with reading(self.image, layer, checked=True) as stream:
            for entry in entries(stream):
                if entry.ordinal == node.ordinal:
                    if SPARSE in entry.pax:
                        break
                    if entry.size > BOOT_FILE_BYTES:
                        raise tf.TarError(f"{path} has {entry.size} bytes")
                    for piece in stream.pieces(entry.size):
                        out.write(piece)
                    return entry.size
        raise ArtifactError(f"{self.image.source.path}: {path} is a sparse file")

    def _extra_records(self, names: dict[int, str], prefix: str) -> Iterator[bytes]:
        for ordinal, name in names.items():
            extra = self._extras[ordinal]
            block = tarwrite.header(extra, len(extra.data))
            yield tarwrite.record(block, prefix + name, link=extra.link)
            yield extra.data + bytes(tf.padding(len(extra.data)))


@dataclass(frozen=True, slots=True)
class Plan:
    """What survives: directories with their paths, and by layer each record's first path.

    `links` has the other paths of records that have several.
    """

    directories: list[tuple[str, Node]]
    files: tuple[dict[int, str], ...]
    links: tuple[dict[int, list[str]], ...]


def plan_of(root: Node, layers: int) -> Plan:
    """List a tree's contents; the first name of each file is written before its other names.

    TarError if links have made paths that no system allows, or too many long ones.
    """
    numbers = range(layers)
    plan = Plan([("", root)], tuple({} for _ in numbers), tuple({} for _ in numbers))
    budget = Budget(Limits())
    for path, node in walk(root):
        budget.spend(memory=_weight(node, path))
        if len(path) > PATH_LIMIT:
            raise tf.TarError(f"links make a path of {len(path)} characters: {path[:80]!r}…")
        if node.children is not None:
            plan.directories.append((f"{path}/", node))
        elif plan.files[node.layer].setdefault(node.ordinal, path) is not path:
            plan.links[node.layer].setdefault(node.ordinal, []).append(path)
    return plan


def _weight(node: Node, path: str) -> int:
    """Estimate the memory for a node and its paths in tree and plan, in bytes."""
    memory = 180 + 2 * getsizeof(path) + getsizeof(node.link)
    if node.children is None:
        return memory
    own = record_weight(node.record) if node.record else FOLDER_BYTES
    return memory + own + getsizeof(path)


def _survivors(
    stream: Stream, names: dict[int, str], links: dict[int, list[str]], prefix: str
) -> Iterator[bytes | memoryview]:
    left = len(names)
    for entry in entries(stream):
        if entry.ordinal not in names:
            continue
        first = prefix + names[entry.ordinal]
        yield tarwrite.renamed(entry, first)
        yield from sparse.stored(entry, stream)
        for other in links.get(entry.ordinal, ()):
            yield tarwrite.hard_link(entry, prefix + other, first)
        left -= 1
        if not left:
            return


def _directory(node: Node, path: str) -> bytes:
    if node.record is None:
        header = tarwrite.header(Extra(path, kind=tf.DIRECTORY, mode=0o755), 0)
        return tarwrite.record(header, path or "./")
    return tarwrite.renamed(node.record, path or "./")


def gathered(pieces: Iterable[bytes | memoryview], size: int) -> Iterator[bytes]:
    """Join small pieces into large ones."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        if len(buffer) >= size:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)


def read_file(image: Image, path: str, out: Writable) -> int:
    """Copy one file out of an image; for several files, `scan` once and `read` each."""
    return scan(image).read(path, out)


def exists(image: Image, path: str) -> bool:
    """Tell whether an image has a path; for several paths, `scan` once."""
    return scan(image).exists(path)
