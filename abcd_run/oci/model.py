"""The values of an image: its descriptors, configuration and layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from abcd_run.oci.interfaces import Source

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
PLAIN_LAYER = "application/vnd.oci.image.layer.v1.tar"
REF_NAME = "org.opencontainers.image.ref.name"
FAMILY_VARIANT = "run.abcd.variant"
"""The annotation of a variant's manifest in a family's index: its kind."""
FAMILY_PROFILE = "run.abcd.profile"
"""The annotation of the profile's manifest in a family's index: the image's name."""
MANIFESTS = frozenset({MANIFEST, "application/vnd.docker.distribution.manifest.v2+json"})
INDEXES = frozenset({INDEX, "application/vnd.docker.distribution.manifest.list.v2+json"})


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One blob as a manifest or an index names it."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """What the image says about how to run it; lists are empty if it says nothing."""

    architecture: str = ""
    os: str = ""
    created: str = ""
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    ports: tuple[str, ...] = ()
    stop_signal: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    diff_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: the blob as stored and the digest of the tar inside it."""

    blob: Descriptor
    diff_id: str


@dataclass(frozen=True, slots=True)
class Image:
    """One image for one platform; `config_digest` is what engines call its ID."""

    reference: str | None
    digest: str
    manifest: bytes
    media_type: str
    config_digest: str
    raw_config: bytes
    config: Config
    layers: tuple[Layer, ...]
    source: Source
