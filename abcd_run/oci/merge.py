"""Pass 1: read every layer's headers and merge them, whiteouts first."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abcd_run.cancel import awaited, carried
from abcd_run.oci import tarformat as tf
from abcd_run.oci.layers import reading, refused
from abcd_run.oci.tarread import entries
from abcd_run.oci.tree import Tree, components

if TYPE_CHECKING:
    from abcd_run.oci.model import Image, Layer
    from abcd_run.oci.stream import Stream
    from abcd_run.oci.tarread import Entry

    Scan = tuple[list[Entry], int]  # a layer's entries, and its size as a tar in bytes

WHITEOUT = ".wh."
META = ".wh..wh."  # AUFS' own files; engines drop them
OPAQUE = ".wh..wh..opq"
WORKERS = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """What an image may grow to before it is taken for a bomb."""

    entries: int = 4_000_000
    size: int = 1 << 38


def merge(image: Image, limits: Limits) -> Tree:
    """Return the merged tree; every blob and diff ID is verified on the way.

    Layers are read in parallel and applied in order.
    """
    tree = Tree()
    pool = ThreadPoolExecutor(min(WORKERS, os.cpu_count() or 1), "layer")
    try:
        scans = [pool.submit(carried(_scan), image, layer, limits) for layer in image.layers]
        left = limits
        for number in range(len(scans)):
            found, size = awaited(scans.pop(0))  # popped, so that what is merged is freed
            left = Limits(left.entries - len(found), left.size - size)
            _apply(tree, image, number, found, left)
    finally:
        pool.shutdown(cancel_futures=True)
    return tree


def _scan(image: Image, layer: Layer, limits: Limits) -> Scan:
    with reading(image, layer) as stream:
        found = _headers(stream, limits)
        stream.drain(limits.size)
        return found, stream.position


def _apply(tree: Tree, image: Image, number: int, found: list[Entry], left: Limits) -> None:
    digest = image.layers[number].blob.digest
    if min(left.entries, left.size) < 0:
        raise refused(image, digest, tf.TarError("with those below it is too large"))
    try:
        apply(tree, number, found)
    except tf.TarError as error:
        raise refused(image, digest, error) from error


def _headers(stream: Stream, limits: Limits) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries(stream):
        if entry.kind != tf.DIRECTORY:  # pass 2 reads the others' again
            entry.header, entry.pax = b"", {}
        found.append(entry)
        if len(found) > limits.entries:
            raise tf.TarError(f"more than {limits.entries} entries")
        if stream.position + entry.size > limits.size:
            raise tf.TarError(f"grows to more than {limits.size} bytes at {entry.name!r}")
    return found


def apply(tree: Tree, layer: int, found: list[Entry]) -> None:
    """Add a layer to the tree; whiteouts act on the layers below, wherever they stand."""
    whiteouts, others = [], []
    for entry in found:
        parts = components(entry.name)
        if any(part.startswith(WHITEOUT) for part in parts):
            whiteouts.append(parts)
        else:
            others.append(entry)
    if whiteouts:
        replaced = {"/".join(components(e.name)) for e in others if e.kind != tf.SYMLINK}
        for parts in whiteouts:
            _hide(tree, parts, replaced)
    for entry in others:
        tree.put(layer, entry)


def _hide(tree: Tree, parts: list[str], replaced: set[str]) -> None:
    *folders, name = parts
    if any(part.startswith(META) for part in folders):
        return
    if any(part.startswith(WHITEOUT) for part in folders):
        raise tf.TarError(f"entry {'/'.join(parts)!r} is beneath a whiteout")
    if name == OPAQUE:
        tree.empty(folders, replaced)
    elif not name.startswith(META):
        hidden = name.removeprefix(WHITEOUT)
        if hidden in {"", ".", ".."}:
            raise tf.TarError(f"whiteout {'/'.join(parts)!r} hides no name")
        tree.hide([*folders, hidden], replaced)
