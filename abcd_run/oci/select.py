"""Choose one image: by reference and platform, from an index that may hold many."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.limits import DOCUMENT_BYTES, DOCUMENTS
from abcd_run.oci import parse
from abcd_run.oci.blobs import read_blob
from abcd_run.oci.model import INDEXES, MANIFESTS, REF_NAME, Descriptor
from abcd_run.oci.reference import LOCAL, means, pinned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from abcd_run.oci.interfaces import Source

CONTAINERD_NAME = "io.containerd.image.name"
ARCHITECTURES = {
    "x86_64": "amd64",
    "AMD64": "amd64",  # Windows
    "aarch64": "arm64",
    "ARM64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "i686": "386",
    "i386": "386",
}
ALSO_RUNS = {"amd64": ("386",)}
"""What else an architecture's processors and kernels run, if an image has nothing better."""
DEPTH_LIMIT = 8
LISTED = 2_000  # characters of names in an error


def host_architecture() -> str:
    """Return this machine's architecture, by the name that images use."""
    if sys.platform == "win32":
        machine = os.environ.get("PROCESSOR_ARCHITECTURE", "AMD64")
    else:
        machine = os.uname().machine
    return ARCHITECTURES.get(machine, machine)


def run_by(architecture: str) -> tuple[str, ...]:
    """Return the architectures whose programs a machine runs, its own first."""
    return (architecture, *ALSO_RUNS.get(architecture, ()))


def names(entry: Descriptor) -> tuple[str, ...]:
    """Return an index entry's names, the fullest first."""
    keys = (CONTAINERD_NAME, REF_NAME)
    return tuple(entry.annotations[key] for key in keys if entry.annotations.get(key))


def matches(wanted: str, have: Iterable[str], digest: str, *, home: str = LOCAL) -> bool:
    """Tell whether a reference means the image with these names and this digest.

    A pinned reference means the image with its digest, whatever its name. `home` is the registry of
    names without one.
    """
    if wanted == digest:
        return True
    if digest_wanted := pinned(wanted):
        return digest_wanted == digest
    return means(wanted, have, home=home)


def by_reference(
    entries: tuple[Descriptor, ...], reference: str | None, source: Source
) -> tuple[Descriptor, ...]:
    """Narrow an index to a reference; without one, to its only name."""
    known = sorted({parse.escaped(names(entry)[0]) for entry in entries if names(entry)})
    if reference is None:
        if len(known) > 1 and len({entry.digest for entry in entries}) > 1:
            raise ArtifactError(
                f"{source.path}: contains several images",
                details=f"available: {', '.join(known)[:LISTED]}",
                remedy=f"name one of them, such as {known[0]}",
            )
        return entries
    unpinned = not pinned(reference)  # anyone may write any digest into a name
    exact = tuple(entry for entry in entries if unpinned and reference in names(entry))
    named = exact or tuple(e for e in entries if matches(reference, names(e), e.digest))
    if not named and reference.startswith("sha256:"):  # one of an index's own manifests
        inside = _manifests(entries, source, Seen(source))
        named = tuple(one for one in inside if one.digest == reference)
    if not named:
        raise no_such_reference(source, reference, known)
    return named


def no_such_reference(source: Source, reference: str, known: list[str]) -> ArtifactError:
    """Return the error for an unknown reference, listing the known names."""
    listed = ", ".join(known)[:LISTED] or "one image without a name"
    remedy = f"name one of them, such as {known[0]}" if known else "leave out the reference"
    return ArtifactError(
        f"{source.path}: no image {reference}", details=f"available: {listed}", remedy=remedy
    )


def by_platform(entries: tuple[Descriptor, ...], architecture: str, source: Source) -> Descriptor:
    """Choose the manifest for Linux on an architecture, searching nested indexes."""
    manifests = {entry.digest: entry for entry in _manifests(entries, source, Seen(source))}
    fitting = [
        entry
        for machine in run_by(architecture)
        for entry in manifests.values()
        if _fits(entry, machine)
    ]
    unmarked = [entry for entry in manifests.values() if not entry.platform]
    chosen = fitting or unmarked
    if not manifests:
        raise ArtifactError(f"{source.path}: contains no image", remedy="get the image again")
    if not chosen:
        has = {
            f"{e.platform.get('os')}/{e.platform.get('architecture')}" for e in manifests.values()
        }
        raise wrong_architecture(source, architecture, ", ".join(sorted(has)))
    if len(chosen) > 1 and not fitting:
        digests = [entry.digest for entry in chosen]
        raise ArtifactError(
            f"{source.path}: contains several images",
            details=f"available: {parse.escaped(', '.join(digests))[:LISTED]}",
            remedy=f"name one of them, such as {parse.escaped(digests[0])}",
        )
    return chosen[0]


def wrong_architecture(source: Source, wanted: str, has: str) -> ArtifactError:
    """Return the error for an image that does not fit the architecture."""
    return ArtifactError(
        f"{source.path}: no image for linux/{wanted}",
        details=f"it is for {parse.escaped(has)[:LISTED]}",
        remedy=f"get it with: skopeo copy --override-arch {wanted} …",
    )


def _fits(entry: Descriptor, architecture: str) -> bool:
    platform = entry.platform
    return platform.get("os") == "linux" and platform.get("architecture") == architecture


def _manifests(
    entries: tuple[Descriptor, ...], source: Source, seen: Seen, depth: int = DEPTH_LIMIT
) -> Iterator[Descriptor]:
    for entry in entries:
        if entry.media_type in INDEXES:
            if seen.anew(entry, depth):
                nested = parse.document(read_blob(source, entry), source.path, "an index")
                inner = parse.descriptors(nested.get("manifests"), source.path)
                yield from _manifests(inner, source, seen, depth - 1)
        elif entry.media_type in MANIFESTS and not _is_attestation(entry):
            yield entry


class Seen:
    """The indexes already read for one image; each is read once, however often it is named."""

    def __init__(self, source: Source) -> None:
        self._path = source.path
        self._digests: set[str] = set()
        self._size = 0

    def anew(self, index: Descriptor, depth: int) -> bool:
        """Tell whether an index has yet to be read; ArtifactError if there are too many."""
        if index.digest in self._digests:
            return False
        self._digests.add(index.digest)
        self._size += index.size
        if not depth or len(self._digests) > DOCUMENTS or self._size > DOCUMENT_BYTES:
            raise ArtifactError(
                f"{self._path}: indexes are nested too deep",
                details=f"read {len(self._digests)} indexes of {self._size} bytes in total",
            )
        return True


def _is_attestation(entry: Descriptor) -> bool:
    return entry.annotations.get("vnd.docker.reference.type", "") != ""
