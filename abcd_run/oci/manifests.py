"""From an index or a manifest to the image that it describes, wherever its blobs are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.oci import parse, select
from abcd_run.oci.blobs import read_blob
from abcd_run.oci.model import Descriptor, Image

if TYPE_CHECKING:
    from abcd_run.oci.interfaces import Source
    from abcd_run.oci.model import Config

REMEDY = "give an OCI layout folder, an OCI archive or the output of `docker save`"


def from_index(
    source: Source, index: bytes, reference: str | None, *, architecture: str | None = None
) -> Image:
    """Open the image that an index.json leads to."""
    wanted = architecture or select.host_architecture()
    top = parse.document(index, source.path, "index.json")
    entries = parse.descriptors(top.pop("manifests", None), source.path)
    if not entries:
        raise ArtifactError(f"{source.path}: contains no image", remedy="get the image again")
    return from_entries(source, select.by_reference(entries, reference, source), wanted)


def from_entries(source: Source, named: tuple[Descriptor, ...], architecture: str) -> Image:
    """Open the image for this architecture among those with one name."""
    chosen = select.by_platform(named, architecture, source)
    label = next((name for entry in named for name in select.names(entry)), None)
    return from_manifest(source, chosen, label, architecture=architecture)


def from_manifest(
    source: Source, entry: Descriptor, reference: str | None, *, architecture: str
) -> Image:
    """Open the image that a manifest describes."""
    raw = read_blob(source, entry)
    manifest = parse.document(raw, source.path, "the manifest")
    config_blob = parse.descriptor(manifest.get("config"), source.path)
    raw_config = read_blob(source, config_blob)
    config = parse.config(raw_config, source.path, reference)
    blobs = parse.descriptors(manifest.get("layers"), source.path)
    image = Image(
        reference=reference,
        digest=entry.digest,
        manifest=raw,
        media_type=entry.media_type,
        config_digest=config_blob.digest,
        raw_config=raw_config,
        config=config,
        layers=parse.layers(blobs, config.diff_ids, source.path),
        source=source,
    )
    check_platform(source, config, architecture)
    return image


def check_platform(source: Source, config: Config, architecture: str) -> None:
    """Refuse an image for another machine; very old images do not say."""
    system, machine = config.os or "linux", config.architecture or architecture
    if system != "linux" or machine not in select.run_by(architecture):
        raise select.wrong_architecture(source, architecture, f"{system}/{machine}")
