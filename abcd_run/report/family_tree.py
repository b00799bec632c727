"""The images as a family tree: children below their parents, and the layers that they share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from abcd_run.session.catalogue import Image
from abcd_run.session.layers import VariantLayers
from abcd_run.units import format_size
from abcd_run.visible import visible


@dataclass(frozen=True, slots=True)
class Bar:
    """A variant: its name, its kind, and its bytes, shared and own; None if it is not here."""

    name: str
    kind: str
    shared: int | None = None
    own: int | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """An image in the tree, with its children."""

    name: str
    summary: str
    bars: tuple[Bar, ...]
    children: tuple["Node", ...] = ()


def nodes(images: Iterable[Image]) -> tuple[Node, ...]:
    """Return the roots; an image whose parent is not listed is one."""
    images = tuple(images)
    listed = {one.name for one in images}

    def below(parent: str | None) -> tuple[Node, ...]:
        return tuple(
            Node(one.name, one.summary, _bars(one), below(one.name))
            for one in images
            if _parent(one, listed) == parent
        )

    return below(None)


def _parent(image: Image, listed: set[str]) -> str | None:
    parent = next(iter(image.profile.parents), None)
    return parent if parent in listed else None


def _bars(image: Image) -> tuple[Bar, ...]:
    def bar(name: str, kind: str) -> Bar:
        stored = image.layers.get(name)
        return Bar(name, kind, stored.shared, stored.own) if stored else Bar(name, kind)

    return tuple(bar(one.name, str(one.kind)) for one in image.profile.variants)


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
