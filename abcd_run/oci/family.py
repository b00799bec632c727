"""A family's index: one reference behind which all variants of an image and its profile lie.

It is an OCI index with the manifest of each variant, the container's first, and one artifact
manifest whose only layer is the profile. Annotations say which is which; engines ignore them, and
take the first manifest for their platform.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcd_run.errors import ArtifactError
from abcd_run.limits import TEXT_BYTES
from abcd_run.oci import parse
from abcd_run.oci.blobs import blob_name, digest_of
from abcd_run.oci.model import (
    FAMILY_PROFILE,
    FAMILY_VARIANT,
    INDEX,
    INDEXES,
    MANIFEST,
    MANIFESTS,
    Descriptor,
)
from abcd_run.oci.select import host_architecture, run_by

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from abcd_run.oci.model import Image

ARTIFACT = "application/vnd.abcd.profile.v1"
EMPTY = "application/vnd.oci.empty.v1+json"
TOML = "application/vnd.abcd.profile.v1+toml"
NOTHING = b"{}"
"""The configuration of an artifact, which has none."""

UNKNOWN = {"architecture": "unknown", "os": "unknown"}
PUBLISH_AGAIN = "ask who published it to run: abcd-run publish IMAGE REFERENCE"
LONGEST = 100
"""Characters of an image's name."""

_NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{LONGEST - 1}}}")


@dataclass(frozen=True, slots=True)
class Family:
    """What an index leads to: an image's name, its profile, and its variants' manifests by kind."""

    image: str
    digest: str
    profile: Descriptor
    variants: dict[str, Descriptor]


def read(index: bytes, where: str, kinds: Collection[str]) -> Family | None:
    """Return the family that an index describes; None for any other index or manifest.

    `kinds` are those that are known; others are left out. Raises `ArtifactError`, naming `where`,
    for a family that makes no sense.
    """
    path = Path(where)
    entries = _entries(index, path)
    variants = [one for one in entries if FAMILY_VARIANT in one.annotations]
    profiles = [one for one in entries if FAMILY_PROFILE in one.annotations]
    if not variants and not profiles:
        return None
    if len(profiles) != 1:
        raise _senseless(where, f"{len(profiles)} profiles, expected one")
    image = profiles[0].annotations[FAMILY_PROFILE]
    if not _NAME.fullmatch(image):
        raise _senseless(where, f"{parse.escaped(image)[:LONGEST]!r} cannot be an image's name")
    for one in (*variants, *profiles):
        blob_name(one.digest)
        if one.media_type not in MANIFESTS:
            raise _senseless(where, f"{one.digest} is not a manifest")
    return Family(image, digest_of(index), profiles[0], _fitting(variants, kinds))


def _entries(index: bytes, path: Path) -> tuple[Descriptor, ...]:
    top = parse.document(index, path, "what the registry sent")
    if "manifests" not in top or top.get("mediaType", INDEX) not in INDEXES:
        return ()
    return parse.descriptors(top["manifests"], path)


def _fitting(variants: Iterable[Descriptor], kinds: Collection[str]) -> dict[str, Descriptor]:
    """Return the variants for this machine by kind, in the index's order."""
    machines, fitting = run_by(host_architecture()), dict[str, Descriptor]()
    for one in variants:
        fits = one.platform.get("architecture", machines[0]) in machines
        if fits and (kind := one.annotations[FAMILY_VARIANT]) in kinds:
            fitting.setdefault(kind, one)
    return fitting


def profile_layer(manifest: bytes, where: str) -> Descriptor:
    """Return the blob of the profile that an artifact manifest names. Raises `ArtifactError`."""
    path = Path(where)
    top = parse.document(manifest, path, "the profile's manifest")
    layers = parse.descriptors(top.get("layers"), path)
    if len(layers) != 1 or layers[0].media_type != TOML:
        raise _senseless(where, "its profile is not one TOML file")
    if layers[0].size > TEXT_BYTES:
        raise _senseless(where, f"its profile has {layers[0].size} bytes, more than {TEXT_BYTES}")
    return layers[0]


def profile_manifest(profile: bytes) -> bytes:
    """Make the artifact manifest of a profile; its configuration is `NOTHING`."""
    top = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": ARTIFACT,
        "config": _blob(EMPTY, NOTHING),
        "layers": [_blob(TOML, profile)],
    }
    return _dumped(top)


def index_of(image: str, variants: Iterable[tuple[str, Image]], manifest: bytes) -> bytes:
    """Make the index of a family from its variants by kind and its profile's manifest."""
    entries = [_variant(kind, one) for kind, one in variants]
    profile = {
        **_blob(MANIFEST, manifest),
        "annotations": {FAMILY_PROFILE: image},
        "platform": UNKNOWN,
    }
    return _dumped({"schemaVersion": 2, "mediaType": INDEX, "manifests": [*entries, profile]})


def _variant(kind: str, image: Image) -> dict[str, Any]:
    machine = image.config.architecture or host_architecture()
    return {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": len(image.manifest),
        "annotations": {FAMILY_VARIANT: kind},
        "platform": {"architecture": machine, "os": image.config.os or "linux"},
    }


def _blob(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def _dumped(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _senseless(where: str, why: str) -> ArtifactError:
    return ArtifactError(
        f"{where}: not a family that can be used", details=why, remedy=PUBLISH_AGAIN
    )
