"""Write a family as an OCI layout, whose blobs are those of the store: nothing is copied twice."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from abcd_run.concurrency.cancel import check
from abcd_run.oci import family, index
from abcd_run.oci.blobs import CHUNK, Layout, blob_name, digest_of, open_blob
from abcd_run.oci.healing import Kept
from abcd_run.oci.model import INDEX
from abcd_run.oci.store import referenced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from abcd_run.oci.model import Descriptor, Image

    Variants = Sequence[tuple[str, Image]]
    """Images by kind, in the order of the index."""


def write(folder: Path, image: str, variants: Variants, profile: bytes) -> bytes:
    """Write the layout of a family into an empty folder, and return its index."""
    manifest = family.profile_manifest(profile)
    whole = family.index_of(image, variants, manifest)
    (folder / "blobs" / "sha256").mkdir(parents=True)
    for data in (family.NOTHING, profile, manifest, whole):
        (folder / blob_name(digest_of(data))).write_bytes(data)
    for _, one in variants:
        for blob in referenced(one):
            _put(folder, one, blob)
    entry = {"mediaType": INDEX, "digest": digest_of(whole), "size": len(whole)}
    index.write(folder, [entry])
    return whole


def sizes(variants: Variants, profile: bytes) -> dict[str, int]:
    """Return the size in bytes of each blob that a registry stores for a family, by digest.

    Manifests are not among them: they are no blobs to a registry.
    """
    sizes = {digest_of(data): len(data) for data in (family.NOTHING, profile)}
    for _, one in variants:
        sizes |= {blob.digest: blob.size for blob in referenced(one) if blob.digest != one.digest}
    return sizes


def discard_damaged(variants: Variants) -> list[str]:
    """Read all blobs that are the store's own, remove the bad ones, and return their digests."""
    return [
        blob.digest
        for _, image in variants
        if isinstance(image.source, Kept)
        for blob in referenced(image)
        if not image.source.is_whole(blob)
    ]


def _put(folder: Path, image: Image, blob: Descriptor) -> None:
    file = folder / blob_name(blob.digest)
    if file.exists():
        return
    check()
    if isinstance(image.source, Layout):
        with suppress(OSError):  # another file system
            os.link(image.source.path / blob_name(blob.digest), file)
            return
    reader = open_blob(image.source, blob)
    try:
        with file.open("xb") as out:
            while piece := reader.read(CHUNK):
                check()
                out.write(piece)
    finally:
        reader.close()
