"""List the images that can be launched by name, and the families that are known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from abcd_run.errors import Failure
from abcd_run.host import xdg
from abcd_run.images.catalogue import Unreadable
from abcd_run.images.profile import Profile, variant_name
from abcd_run.model import Kind, Source
from abcd_run.plan import image_word
from abcd_run.session.opened import Opened

if TYPE_CHECKING:
    from abcd_run.session.layers import VariantLayers


@dataclass(frozen=True, slots=True)
class Image:
    """An image's profile, and where each variant comes from, by its name.

    `layers` are those of its variants that are in the local store, if they were asked for.
    """

    profile: Profile
    sources: Mapping[str, Source]
    layers: Mapping[str, "VariantLayers"] = field(default_factory=dict[str, "VariantLayers"])

    @property
    def name(self) -> str:
        """The name that launches it."""
        return self.profile.name

    @property
    def summary(self) -> str:
        """What it is, in one line."""
        return self.profile.summary


@dataclass(frozen=True, slots=True)
class FamilyReference:
    """A family reference in the local store: its image, its variants, and those of them here."""

    reference: str
    image: str
    digest: str
    variants: tuple[str, ...]
    here: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Images:
    """The images, the family references, and the profiles that cannot be read."""

    images: tuple[Image, ...]
    errors: tuple[Failure, ...] = ()
    families: tuple[FamilyReference, ...] = ()


def images(opened: Opened, *, layers: bool = False) -> Images:
    """Return all images of this user, without asking a runtime or a registry."""
    entries = opened.catalogue().all()
    profiles = [entry for entry in entries if isinstance(entry, Profile)]
    bad = [entry for entry in entries if isinstance(entry, Unreadable)]
    images = tuple(Image(one, _sources(one)) for one in profiles)
    stored = (xdg.store() / "index.json").exists()
    if layers and stored:
        images = _with_layers(images)
    errors = tuple(Failure(one.error, name=one.name) for one in bad)
    return Images(images, errors, _families() if stored else ())


def _with_layers(images: tuple[Image, ...]) -> tuple[Image, ...]:
    from abcd_run.session.layers import stored  # noqa: PLC0415  (only `--tree` shows them)

    whole = stored({name: source for one in images for name, source in one.sources.items()})
    return tuple(
        replace(one, layers={name: whole[name] for name in one.sources if name in whole})
        for one in images
    )


def _sources(profile: Profile) -> dict[str, Source]:
    return {
        one.name: image_word.source(profile, one, image_word.stored) for one in profile.variants
    }


def _families() -> tuple[FamilyReference, ...]:
    from abcd_run.oci import kept_families  # noqa: PLC0415  (an empty store has none)

    def named(image: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(variant_name(image, Kind(kind)) for kind in kinds)

    return tuple(
        FamilyReference(
            one.reference,
            one.family.image,
            one.family.digest,
            named(one.family.image, tuple(one.family.variants)),
            named(one.family.image, one.here),
        )
        for one in kept_families.listed(tuple(Kind))
    )
