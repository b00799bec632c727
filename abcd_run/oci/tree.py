"""The merged tree of all layers: one node per file, shared by its hard links."""

from __future__ import annotations

from dataclasses import dataclass
from sys import getsizeof
from typing import TYPE_CHECKING

from abcd_run.limits import TREE_DEPTH
from abcd_run.oci import tarformat as tf
from abcd_run.oci.budget import Budget, Limits
from abcd_run.oci.tarformat import TarError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abcd_run.oci.tarread import Entry

LINK_LIMIT = 40
NAME_LIMIT = 255
FOLDER_BYTES = 250  # of memory that a directory takes beyond a file's


@dataclass(slots=True, eq=False)
class Node:
    """A file: where its record is (`layer`, `ordinal`), or for a directory, the record itself."""

    kind: str
    layer: int
    ordinal: int
    link: str = ""
    record: Entry | None = None
    children: dict[str, Node] | None = None


def directory(layer: int = -1, record: Entry | None = None) -> Node:
    """Make a directory; without a record, only its contents imply it."""
    return Node(tf.DIRECTORY, layer, -1, record=record, children={})


def record_weight(record: Entry) -> int:
    """Estimate the memory of a directory and its record, in bytes."""
    pax = sum(200 + 4 * len(key) + len(value) for key, value in record.pax.items())
    return FOLDER_BYTES + getsizeof(record.header) + getsizeof(record.name) + pax


def components(name: str) -> list[str]:
    """Split an entry's name; TarError unless it stays inside the root, which has no components."""
    if not name:
        raise TarError("an entry without a name")
    if name.startswith("/") and name.strip("/"):
        raise TarError(f"entry {name!r} has an absolute name")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise TarError(f"entry {name!r} leads outside the root with '..'")
    if any(len(part.encode("utf-8", "surrogateescape")) > NAME_LIMIT for part in parts):
        raise TarError(f"entry {name[:80]!r}… has a component longer than {NAME_LIMIT} bytes")
    return parts


def walk(root: Node) -> Iterator[tuple[str, Node]]:
    """Yield every path beneath a directory with its node, parents before their contents."""
    pending = [("", root)]
    while pending:
        prefix, folder = pending.pop()
        for name, node in (folder.children or {}).items():
            yield prefix + name, node
            if node.children is not None:
                pending.append((f"{prefix}{name}/", node))


def resolve(
    root: Node, parts: list[str], *, make: bool = False, budget: Budget | None = None
) -> Node | None:
    """Follow a path and every symbolic link in it, never leaving the root.

    None if something is missing, unless `make` creates it as directories. TarError if links form a
    loop, exceed a budget, or, while making, climb above the root.
    """
    pending, stack, hops = parts[::-1], [root], 0
    budget = budget or Budget(Limits())
    budget.step(len(parts))
    while pending:
        part = pending.pop()
        if part == "..":
            if make and len(stack) == 1:
                raise TarError("leads outside the root through a symbolic link")
            del stack[max(1, len(stack) - 1) :]
        elif part not in {"", "."}:
            node = _child(stack[-1], part) or (_made(stack, part, budget) if make else None)
            if node is None:
                return None
            if node.kind == tf.SYMLINK:
                hops += 1
                stack = _follow(node.link, stack, pending, hops)
                budget.step(len(pending))
            elif make and len(stack) > TREE_DEPTH:
                raise TarError(f"lies more than {TREE_DEPTH} folders deep")
            else:
                stack.append(node)
    return stack[-1]


def _child(folder: Node, name: str) -> Node | None:
    return None if folder.children is None else folder.children.get(name)


def _made(stack: list[Node], name: str, budget: Budget) -> Node | None:
    """Make a directory that only its contents imply."""
    if stack[-1].children is None:
        return None
    budget.spend(entries=1, memory=180 + FOLDER_BYTES)
    node = stack[-1].children[name] = directory()
    return node


def _follow(link: str, stack: list[Node], pending: list[str], hops: int) -> list[Node]:
    if hops > LINK_LIMIT:
        raise TarError("is behind a loop of symbolic links")
    pending.extend(link.split("/")[::-1])
    return stack[:1] if link.startswith("/") else stack


class Tree:
    """The root file system, growing layer by layer."""

    def __init__(self, budget: Budget) -> None:
        self.root = directory()
        self._budget = budget

    def put(self, layer: int, entry: Entry) -> None:
        """Add or replace one entry, resolving its parents' symbolic links inside the root."""
        parts = components(entry.name)
        if not parts:
            return self._put_root(layer, entry)
        folder = self._folder(parts[:-1], entry.name)
        if entry.kind == tf.DIRECTORY:
            return _put_directory(folder, parts[-1], layer, entry)
        folder.pop(parts[-1], None)
        if entry.kind == tf.HARDLINK:
            folder[parts[-1]] = self._link_target(entry)
        else:
            link = entry.link if entry.kind == tf.SYMLINK else ""
            folder[parts[-1]] = Node(entry.kind, layer, entry.ordinal, link)
        return None

    def hide(self, parts: list[str], replaced: set[str]) -> None:
        """Remove a path; `replaced` are the paths that the layer itself provides again."""
        if folder := self._lower(parts[:-1], replaced):
            folder.pop(parts[-1], None)

    def empty(self, parts: list[str], replaced: set[str]) -> None:
        """Remove a directory's contents."""
        if folder := self._lower(parts, replaced):
            folder.clear()

    def find(self, path: str) -> Node | None:
        """Follow a path as a process inside the root would; None if it leads nowhere."""
        try:
            return resolve(self.root, path.split("/"))
        except TarError:
            return None

    def _put_root(self, layer: int, entry: Entry) -> None:
        if entry.kind != tf.DIRECTORY:
            raise TarError(f"entry {entry.name!r} replaces the root by something else")
        self.root.layer, self.root.record = layer, entry

    def _folder(self, parts: list[str], name: str) -> dict[str, Node]:
        try:
            node = resolve(self.root, parts, make=True, budget=self._budget)
        except TarError as error:
            raise TarError(f"entry {name!r} {error}") from error
        if node is None or node.children is None:
            raise TarError(f"entry {name!r} is beneath something that is not a directory")
        return node.children

    def _link_target(self, entry: Entry) -> Node:
        """Find the node that a hard link shares; an absolute target is inside the root."""
        parts = [part for part in entry.link.split("/") if part not in {"", "."}]
        if ".." in parts or not parts:
            raise TarError(f"hard link {entry.name!r} leads outside the root, to {entry.link!r}")
        node = (self._lower(parts[:-1], set()) or {}).get(parts[-1])
        if node is None:
            raise TarError(
                f"hard link {entry.name!r} leads to {entry.link!r}, which does not exist"
            )
        if node.children is not None:
            raise TarError(
                f"hard link {entry.name!r} leads to {entry.link!r}, which is a directory"
            )
        return node

    def _lower(self, parts: list[str], replaced: set[str]) -> dict[str, Node] | None:
        """Find a directory, but not behind a symbolic link that the layer itself replaces."""
        node: Node | None = self.root
        for count, part in enumerate(parts, 1):
            node = _child(node, part) if node else None
            if node and node.kind == tf.SYMLINK:
                if "/".join(parts[:count]) in replaced:
                    return None
                break
        node = resolve(self.root, parts, budget=self._budget)
        return node.children if node else None


def _put_directory(folder: dict[str, Node], name: str, layer: int, entry: Entry) -> None:
    old = folder.get(name)
    if old is None or old.children is None:
        folder[name] = directory(layer, entry)
    else:
        old.layer, old.record = layer, entry
