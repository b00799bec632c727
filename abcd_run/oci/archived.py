"""Images inside one tar file: OCI archives, docker archives, and files that are both."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from sys import getsizeof
from typing import TYPE_CHECKING, Any

from abcd_run.errors import ArtifactError
from abcd_run.limits import ARCHIVE_ENTRIES, ARCHIVE_NAMES, JSON_BYTES, LAYERS
from abcd_run.oci import index, manifests, parse, select
from abcd_run.oci.blobs import (
    Memory,
    Pinned,
    Span,
    blob_name,
    digest_of,
    digest_of_stream,
    get_again,
)
from abcd_run.oci.budget import Budget, Limits
from abcd_run.oci.decompress import GZIP, ZSTD, decompressed
from abcd_run.oci.model import CONFIG, MANIFEST, PLAIN_LAYER, Descriptor, Image
from abcd_run.oci.reference import HUB
from abcd_run.oci.stream import Stream
from abcd_run.oci.tarformat import HARDLINK, REGULAR, SYMLINK, TarError
from abcd_run.oci.tarread import entries

if TYPE_CHECKING:
    from pathlib import Path

    from abcd_run.oci.interfaces import Reader

HEADERS = 1 << 14  # read-ahead while listing members
LINK_LIMIT = 16
NAME_SHOWN = 200


class Archive:
    """The members of a tar file, as blobs named by digest."""

    def __init__(self, path: Path, file: Pinned, members: dict[str, tuple[int, int]]) -> None:
        self.path = path
        self._file, self._members = file, members
        self._added: dict[str, str | bytes] = {}
        self._digests: dict[tuple[int, int], str] = {}

    def has(self, name: str) -> bool:
        """Tell whether a member exists."""
        return name in self._members

    def member(self, name: str) -> Span:
        """Open a member."""
        try:
            offset, size = self._members[name]
        except KeyError:
            raise self._missing(name) from None
        return Span(self._file, offset, size)

    def size(self, name: str) -> int:
        """Return a member's size."""
        if name not in self._members:
            raise self._missing(name)
        return self._members[name][1]

    def small(self, name: str) -> bytes:
        """Read a small member whole."""
        if self.size(name) > JSON_BYTES:
            raise ArtifactError(f"{self.path}: {parse.escaped(name)} is too large")
        return self.member(name).read(JSON_BYTES)

    def digest(self, name: str) -> str:
        """Return a member's digest, computed once for all its names."""
        content = self.member(name)
        place = self._members[name]
        if place not in self._digests:
            self._digests[place] = digest_of_stream(content)
        return self._digests[place]

    def add(self, digest: str, content: str | bytes) -> None:
        """Register a member (by its name) or some bytes as a blob."""
        self._added[digest] = content

    def open(self, digest: str) -> Reader:
        """Open a blob."""
        content = self._added.get(digest, blob_name(digest))
        return Memory(content) if isinstance(content, bytes) else self.member(content)

    def spoilt(self, digest: str) -> str:
        """Return the remedy for a bad blob."""
        return get_again(digest)

    def _missing(self, name: str) -> ArtifactError:
        return ArtifactError(
            f"{self.path}: {parse.escaped(name[:NAME_SHOWN])} is missing",
            remedy="get the image again",
        )


def open_archive(
    path: Path, reference: str | None = None, *, architecture: str | None = None
) -> Image:
    """Open an image in a tar file, which may be compressed."""
    archive = _archive(path)
    wanted = architecture or select.host_architecture()
    if archive.has("index.json"):
        index = archive.small("index.json")
        return manifests.from_index(archive, index, reference, architecture=wanted)
    if archive.has("manifest.json"):
        return _docker_image(archive, reference, wanted)
    raise _not_an_image(path, "it has neither index.json nor manifest.json")


def opened(path: Path) -> tuple[Archive, bytes]:
    """Open a tar file, and return its index.json; empty if it has none."""
    archive = _archive(path)
    return archive, archive.small("index.json") if archive.has("index.json") else b""


def _archive(path: Path) -> Archive:
    file = _pinned(path)
    try:
        return Archive(path, file, _members(file))
    except TarError as error:
        raise _not_an_image(path, f"damaged or cut short: {error}") from error


def _pinned(path: Path) -> Pinned:
    try:
        file = Pinned.open(path)
        head = Span(file, 0, 6).read(6)
    except OSError as error:
        raise ArtifactError(f"{path}: {error.strerror}", remedy=manifests.REMEDY) from error
    if not head:
        raise _not_an_image(path, "it is empty")
    return _unpacked(file, path) if head.startswith((GZIP, ZSTD)) else file


def _unpacked(file: Pinned, path: Path) -> Pinned:
    """Decompress into a nameless file, since blobs are not read in order."""
    from abcd_run.oci import spool  # noqa: PLC0415 - only compressed archives need it

    with spool.scratch(str(path)) as plain:
        spool.copy(decompressed(Span(file, 0, file.size)), plain)
        return Pinned(os.dup(plain.fileno()))


def _members(file: Pinned) -> dict[str, tuple[int, int]]:
    stream = Stream(Span(file, 0, file.size), chunk=HEADERS)
    budget = Budget(Limits(entries=ARCHIVE_ENTRIES, memory=ARCHIVE_NAMES))
    members: dict[str, tuple[int, int]] = {}
    links: dict[str, str] = {}
    for entry in entries(stream):
        budget.spend(entries=1, memory=2 * (getsizeof(entry.name) + getsizeof(entry.link)))
        name = posixpath.normpath(entry.name)
        if entry.kind == REGULAR:
            members[name] = (stream.position, entry.size)
        elif entry.kind == SYMLINK:  # `docker save` links a layer that two images share
            links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), entry.link))
        elif entry.kind == HARDLINK:
            links[name] = posixpath.normpath(entry.link)
    for name in links:
        if (target := _follow(links, name)) in members:
            members[name] = members[target]
    return members


def _follow(links: dict[str, str], name: str) -> str:
    for _ in range(LINK_LIMIT):
        if name not in links:
            break
        name = links[name]
    return name


def _not_an_image(path: Path, details: str) -> ArtifactError:
    return ArtifactError(f"{path}: not an image", details=details, remedy=manifests.REMEDY)


def _docker_image(archive: Archive, reference: str | None, architecture: str) -> Image:
    """Describe an image in a docker archive by an OCI manifest that we generate."""
    item, name = _docker_item(archive, reference)
    raw_config = archive.small(item.config)
    config = parse.config(raw_config, archive.path)
    config_blob = Descriptor(CONFIG, digest_of(raw_config), len(raw_config))
    archive.add(config_blob.digest, raw_config)
    if len(item.layers) != len(config.diff_ids) or len(item.layers) > LAYERS:
        raise _not_an_image(archive.path, "its layers do not match its configuration")
    pairs = zip(item.layers, config.diff_ids, strict=True)
    layers = tuple(_layer(archive, member, diff_id) for member, diff_id in pairs)
    raw = index.manifest(config_blob, layers)
    archive.add(digest_of(raw), raw)
    entry = Descriptor(MANIFEST, digest_of(raw), len(raw))
    return manifests.from_manifest(archive, entry, name, architecture=architecture)


@dataclass(frozen=True, slots=True)
class Item:
    """One image in a manifest.json: the names of its members, and its tags."""

    config: str
    layers: tuple[str, ...]
    tags: tuple[str, ...]


def _docker_item(archive: Archive, reference: str | None) -> tuple[Item, str | None]:
    """Find the image and its name in manifest.json."""
    raw = parse.value_of(archive.small("manifest.json"), archive.path, "manifest.json")
    items = [_docker_read(item, archive) for item in (raw if isinstance(raw, list) else [raw])]
    tags = {tag: item for item in items for tag in item.tags}
    known = sorted(map(parse.escaped, tags))
    if reference is None and len(items) == 1:
        return items[0], next(iter(tags), None)
    if reference is None:
        raise _several(archive, known)
    for tag, item in tags.items():
        if select.matches(reference, (tag,), "", home=HUB):
            return item, tag
    raise select.no_such_reference(archive, reference, known)


def _docker_read(item: object, archive: Archive) -> Item:
    fields = item if isinstance(item, dict) else {}
    config, layers, tags = (fields.get(key) for key in ("Config", "Layers", "RepoTags"))
    texts = [config, *_listed(layers), *_listed(tags)]
    if not config or not all(isinstance(text, str) for text in texts):
        raise _not_an_image(archive.path, f"bad manifest.json: {repr(item)[:NAME_SHOWN]}")
    return Item(str(config), tuple(_listed(layers)), tuple(_listed(tags)))


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _several(archive: Archive, tags: list[str]) -> ArtifactError:
    return ArtifactError(
        f"{archive.path}: contains {'several images' if tags else 'no image'}",
        details=f"available: {', '.join(tags)[: select.LISTED]}" if tags else "",
        remedy=f"name one of them, such as {tags[0]}" if tags else manifests.REMEDY,
    )


def _layer(archive: Archive, member: str, diff_id: str) -> Descriptor:
    """Describe a layer, plain as `docker save` writes it or compressed as others do."""
    head = archive.member(member).read(6)
    size = archive.size(member)
    if head.startswith(GZIP):
        media_type, digest = f"{PLAIN_LAYER}+gzip", _digest(archive, member)
    elif head.startswith(ZSTD):
        media_type, digest = f"{PLAIN_LAYER}+zstd", _digest(archive, member)
    else:
        media_type, digest = PLAIN_LAYER, diff_id
    archive.add(digest, member)
    return Descriptor(media_type, digest, size)


def _digest(archive: Archive, member: str) -> str:
    folder, _, name = member.rpartition("/")
    if folder == "blobs/sha256":
        return f"sha256:{name}"
    return archive.digest(member)
