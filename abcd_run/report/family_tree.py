"""The images as a family tree: children below their parents, and the layers that they share."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from abcd_run.images.profile import Variant
from abcd_run.session.catalogue import Image
from abcd_run.session.layers import VariantLayers
from abcd_run.units import format_size
from abcd_run.visible import visible


@dataclass(frozen=True, slots=True)
class Bar:
    """A variant: its name, its kind, and what it adds in bytes; None if it is not here.

    It adds what neither its image's other variants have nor its parent's.
    """

    name: str
    kind: str
    adds: int | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """An image in the tree, with its children.

    `adds` is what its variants have in common that its parent's do not have, in bytes; None if
    fewer than two are here.
    """

    name: str
    summary: str
    bars: tuple[Bar, ...]
    children: tuple["Node", ...] = ()
    adds: int | None = None


def nodes(images: Iterable[Image]) -> tuple[Node, ...]:
    """Return the roots; an image whose parent is not listed is one."""
    listed = {one.name: one for one in images}

    def below(parent: str | None) -> tuple[Node, ...]:
        above = _digests(listed[parent]) if parent else set[str]()
        return tuple(
            _node(one, above, below(one.name))
            for one in listed.values()
            if _parent(one, listed) == parent
        )

    return below(None)


def _parent(image: Image, listed: Container[str]) -> str | None:
    parent = next(iter(image.profile.parents), None)
    return parent if parent in listed else None


def _node(image: Image, inherited: set[str], children: tuple[Node, ...]) -> Node:
    sizes = {one.digest: one.size for stored in image.layers.values() for one in stored.layers}
    own = {
        name: {one.digest for one in stored.layers} - inherited
        for name, stored in image.layers.items()
    }
    common = set.intersection(*own.values()) if len(own) > 1 else set[str]()

    def bar(variant: Variant) -> Bar:
        adds = own.get(variant.name)
        kind = str(variant.kind)
        return Bar(variant.name, kind, None if adds is None else total(adds - common))

    def total(digests: set[str]) -> int:
        return sum(sizes[digest] for digest in digests)

    bars = tuple(map(bar, image.profile.variants))
    return Node(image.name, image.summary, bars, children, total(common) if len(own) > 1 else None)


def _digests(image: Image) -> set[str]:
    return {one.digest for stored in image.layers.values() for one in stored.layers}


def lines(images: Iterable[Image]) -> Iterator[str]:
    """Yield the tree as text: each image's line, and below it those of its stored variants."""
    images = tuple(images)
    by_name = {one.name: one for one in images}

    def branch(siblings: tuple[Node, ...], before: str, *, root: bool) -> Iterator[str]:
        for one in siblings:
            last = one is siblings[-1]
            knot = "" if root else ("└─ " if last else "├─ ")
            yield f"{before}{knot}{one.name}  {visible(one.summary)}"
            inner = before + ("" if root else ("   " if last else "│  "))
            beside = "│  " if one.children else "   "
            for name, stored in by_name[one.name].layers.items():
                yield f"{inner}{beside}{name}: {said(stored)}"
            yield from branch(one.children, inner, root=False)

    return branch(nodes(images), "", root=True)


def said(stored: VariantLayers) -> str:
    """Return a variant's layers in words."""
    shared = sum(1 for one in stored.layers if one.shared_with)
    own = f"{format_size(stored.own)} own"
    if not shared:
        return f"{len(stored.layers)} layers, {own}"
    others = ", ".join(stored.shared_with)
    size = format_size(stored.shared)
    return f"{own}, {size} shared: {shared} of {len(stored.layers)} layers with {others}"
