"""Pass 1: read every layer's headers and merge them, whiteouts first."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from sys import getsizeof
from typing import TYPE_CHECKING

from abcd_run.concurrency.cancel import awaited, carried
from abcd_run.limits import EXPANSION, EXPANSION_FREE, IMAGE_BYTES, MIB, TRAILING_BYTES
from abcd_run.oci import tarformat as tf
from abcd_run.oci.blobs import Span
from abcd_run.oci.budget import Budget, Limits
from abcd_run.oci.layers import reading, refused
from abcd_run.oci.tarread import entries
from abcd_run.oci.tree import Tree, components, record_weight

if TYPE_CHECKING:
    from abcd_run.oci.interfaces import Reader
    from abcd_run.oci.model import Image, Layer
    from abcd_run.oci.stream import Stream
    from abcd_run.oci.tarread import Entry

WHITEOUT = ".wh."
META = ".wh..wh."  # AUFS metadata; engines drop it
OPAQUE = ".wh..wh..opq"
WORKERS = 2  # each has another thread that inflates and hashes
BATCH_BYTES = MIB
NO_PAX: dict[str, bytes] = {}


def limits_of(image: Image) -> Limits:
    """Return how large an image may grow, given what it takes on the disk.

    A repeated layer counts once, and holes in a sparse file do not count.
    """
    digests = {layer.blob.digest for layer in image.layers}
    stored = sum(_stored(image.source.open(digest)) for digest in digests)
    return Limits(size=min(IMAGE_BYTES, max(EXPANSION_FREE, EXPANSION * stored)))


def _stored(blob: Reader) -> int:
    blob.close()
    return blob.stored if isinstance(blob, Span) else 0


def merge(image: Image, limits: Limits) -> Tree:
    """Return the merged tree; every blob and diff ID is verified on the way.

    Layers are read in parallel and applied in order.
    """
    budget = Budget(limits)
    tree = Tree(budget)
    pool = ThreadPoolExecutor(min(WORKERS, os.cpu_count() or 1), "layer")
    try:
        scans = [pool.submit(carried(_scan), image, layer, budget) for layer in image.layers]
        for number in range(len(scans)):
            # Popped, so that merged entries are freed.
            _apply(tree, image, number, awaited(scans.pop(0)))
    finally:
        pool.shutdown(cancel_futures=True)
    return tree


def _scan(image: Image, layer: Layer, budget: Budget) -> list[Entry]:
    with reading(image, layer) as stream:
        entries = _headers(stream, budget)
        at = stream.position
        stream.drain(min(at + TRAILING_BYTES, budget.limits.size))
        budget.spend(size=stream.position - at)
        return entries


def _apply(tree: Tree, image: Image, number: int, layer: list[Entry]) -> None:
    try:
        apply(tree, number, layer)
    except tf.TarError as error:
        raise refused(image, image.layers[number].blob.digest, error) from error


def _headers(stream: Stream, budget: Budget) -> list[Entry]:
    """List a layer's entries, without the data that pass 2 reads again."""
    kept: list[Entry] = []
    memory = at = counted = 0
    for entry in entries(stream):
        if entry.kind != tf.DIRECTORY:
            entry.header, entry.pax = b"", NO_PAX
        memory += weight(entry)
        kept.append(entry)
        end = stream.position + entry.size
        if end > budget.limits.size:
            raise tf.TarError(
                f"the image expands to more than {budget.limits.size} bytes at {entry.name!r}"
            )
        if memory > BATCH_BYTES or end - at > BATCH_BYTES:
            budget.spend(entries=len(kept) - counted, size=end - at, memory=memory)
            memory, at, counted = 0, end, len(kept)
    budget.spend(entries=len(kept) - counted, size=stream.position - at, memory=memory)
    return kept


def weight(entry: Entry) -> int:
    """Estimate the memory that an entry takes before and in the tree, in bytes."""
    memory = 180 + getsizeof(entry.name) + getsizeof(entry.link)
    return memory + record_weight(entry) if entry.kind == tf.DIRECTORY else memory


def apply(tree: Tree, layer: int, entries: list[Entry]) -> None:
    """Add a layer to the tree; whiteouts act on the layers below, wherever they appear.

    The list is emptied along the way, so that its memory shrinks as the tree's grows.
    """
    whiteouts: list[Entry] = []
    others: list[Entry] = []
    while entries:
        entry = entries.pop()
        (whiteouts if _is_whiteout(entry.name) else others).append(entry)
    if whiteouts:
        replaced = {"/".join(components(e.name)) for e in others if e.kind != tf.SYMLINK}
        for entry in reversed(whiteouts):
            _hide(tree, components(entry.name), replaced)
    while others:
        tree.put(layer, others.pop())


def _is_whiteout(name: str) -> bool:
    return WHITEOUT in name and any(part.startswith(WHITEOUT) for part in name.split("/"))


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
