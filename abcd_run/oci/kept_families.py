"""The families that the local store knows: what registries said, under the references' names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.oci import family
from abcd_run.oci.blobs import read_blob
from abcd_run.oci.healing import Kept
from abcd_run.oci.model import FAMILY_PROFILE, REF_NAME
from abcd_run.oci.reference import pinned
from abcd_run.oci.reference_parts import repository
from abcd_run.oci.store import Store

if TYPE_CHECKING:
    from collections.abc import Collection

    from abcd_run.oci.family import Family
    from abcd_run.oci.model import Descriptor


@dataclass(frozen=True, slots=True)
class KeptFamily:
    """A family in the store, and the kinds of the variants that are whole here."""

    reference: str
    family: Family
    here: tuple[str, ...]


def entries() -> tuple[Descriptor, ...]:
    """Return the store's entries of families; their annotations are our own."""
    if not (xdg.store() / "index.json").exists():
        return ()
    return tuple(one for one in Store(xdg.store()).entries() if FAMILY_PROFILE in one.annotations)


def names() -> list[str]:
    """Return the references of the families in the store."""
    return sorted(one.annotations.get(REF_NAME, "") for one in entries())


def means(entry: Descriptor, reference: str) -> bool:
    """Say whether an entry of the store is what a reference names."""
    digest = pinned(reference)
    return entry.digest == digest if digest else entry.annotations.get(REF_NAME) == reference


def listed(kinds: Collection[str]) -> list[KeptFamily]:
    """Return the families in the store that can be read, by reference."""
    families = [_read(one, kinds) for one in entries()]
    return sorted((one for one in families if one), key=lambda one: one.reference)


def _read(entry: Descriptor, kinds: Collection[str]) -> KeptFamily | None:
    reference, store = entry.annotations.get(REF_NAME, ""), Store(xdg.store())
    try:
        kept = family.read(read_blob(Kept(store.folder), entry), reference, kinds)
    except ArtifactError:  # its registry has it
        return None
    if kept is None:
        return None
    places = {kind: f"{repository(reference)}@{one.digest}" for kind, one in kept.variants.items()}
    here = tuple(kind for kind, place in places.items() if store.resolve(place))
    return KeptFamily(reference, kept, here)
