"""Find out what lies behind a reference: a family, with its profile, or something else.

What a registry said is kept in the local store under the reference's name, so that the next launch
needs no registry. All that it says is checked before it is used.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.images import travelling
from abcd_run.images.travelling import Arrived
from abcd_run.model import Kind
from abcd_run.oci import family, kept_families, registry
from abcd_run.oci.blobs import read_blob
from abcd_run.oci.family import Family
from abcd_run.oci.healing import Kept
from abcd_run.oci.interfaces import Source
from abcd_run.oci.model import FAMILY_PROFILE, INDEX, INDEXES, Descriptor
from abcd_run.oci.reference_parts import repository
from abcd_run.oci.store import Store
from abcd_run.runtime import Say

KINDS = tuple(map(str, Kind))


@dataclass(frozen=True, slots=True)
class Known:
    """A family, and the profile that came with it."""

    family: Family
    arrived: Arrived


def behind(reference: str, *, pull: str, plain_http: bool, say: Say) -> Known | None:
    """Return the family behind a registry's reference; None for a plain image.

    With `pull` "always" the registry is asked again, with "never" only what is here is known.
    Raises `ArtifactError`, also with "never" if nothing is known.
    """
    if pull != "always" and (known := kept(reference)):
        return known
    marker = _marker(reference)
    if pull != "always" and marker.exists():
        return None
    if pull == "never":
        raise registry.Unknown(
            f"{reference} is not here yet",
            details="--pull never forbids asking its registry",
            remedy=f"abcd-run pull {reference}",
        )
    say(f"asking what {reference} is")
    index = registry.raw(reference, plain_http=plain_http)
    described = family.read(index, reference, KINDS)
    if described is None:
        _remember_plain(marker)
        return None
    return _fetched(reference, index, described, plain_http=plain_http, say=say)


def kept(reference: str) -> Known | None:
    """Return the family that the local store has under a reference; None if it has none."""
    for entry in kept_families.entries():
        if kept_families.means(entry, reference):
            return _in_store(entry, reference)
    return None


def forget(reference: str) -> None:
    """Forget what a reference named here: somebody has just put something else behind it."""
    _marker(reference).unlink(missing_ok=True)
    if any(kept_families.means(one, reference) for one in kept_families.entries()):
        Store(xdg.store()).remove(reference)


def in_file(path: Path) -> Known | None:
    """Return the family in an OCI archive or layout; None if it holds something else."""
    from abcd_run.oci.reader import entries_of  # noqa: PLC0415  (only files need it)

    try:
        source, entries = entries_of(path)
    except ArtifactError:  # who opens it as an image says why it is none
        return None
    indexes = [one for one in entries if one.media_type in INDEXES]
    if len(entries) != 1 or not indexes:
        return None
    return _read(source, indexes[0], str(path))


def _in_store(entry: Descriptor, reference: str) -> Known | None:
    try:
        return _read(Kept(xdg.store()), entry, reference)
    except ArtifactError:  # damaged or from an older version: the registry has it
        return None


def _read(source: Source, entry: Descriptor, where: str) -> Known | None:
    described = family.read(read_blob(source, entry), where, KINDS)
    if described is None:
        return None
    layer = family.profile_layer(read_blob(source, described.profile), where)
    return Known(described, travelling.read(read_blob(source, layer), where))


def _fetched(
    reference: str, index: bytes, described: Family, *, plain_http: bool, say: Say
) -> Known | None:
    """Bring a family's profile into the store, and the index that keeps it there."""
    where = f"{repository(reference)}@{described.profile.digest}"
    # Its size is known before it is fetched.
    family.profile_layer(registry.raw(where, plain_http=plain_http), reference)
    store = Store(xdg.store())
    with store.receiving() as (folder, lock):
        blobs = ["--dest-shared-blob-dir", str(store.folder / "blobs")]
        plain = registry.source_options(where, plain_http=plain_http)
        words = [*blobs, *plain, registry.address(where), f"oci:{folder}:profile"]
        doing = f"fetching the profile of {described.image}"
        registry.copy(words, reference=reference, doing=doing, say=say, inherited=[lock])
        store.enter_index(index, reference, {FAMILY_PROFILE: described.image})
    return _read(Kept(store.folder), _entry(index), reference)


def _entry(index: bytes) -> Descriptor:
    digest = f"sha256:{hashlib.sha256(index).hexdigest()}"
    return Descriptor(INDEX, digest, len(index))


def _marker(reference: str) -> Path:
    """Return the file whose presence says that a reference named a plain image."""
    name = hashlib.sha256(reference.encode()).hexdigest()
    return xdg.cache() / "plain-images" / name


def _remember_plain(marker: Path) -> None:
    from abcd_run.host.locks import private_folder  # noqa: PLC0415  (once for each image)

    private_folder(marker.parent)
    marker.touch()
