"""List the images that can be launched by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from abcd_run.errors import Failure
from abcd_run.images.catalogue import Unreadable
from abcd_run.images.profile import Profile
from abcd_run.model import Source
from abcd_run.plan import image_word
from abcd_run.session.opened import Opened


@dataclass(frozen=True, slots=True)
class Image:
    """An image's profile, and where each variant comes from, by its name."""

    profile: Profile
    sources: Mapping[str, Source]

    @property
    def name(self) -> str:
        """The name that launches it."""
        return self.profile.name

    @property
    def summary(self) -> str:
        """What it is, in one line."""
        return self.profile.summary


@dataclass(frozen=True, slots=True)
class Images:
    """The images, and the profiles that cannot be read."""

    images: tuple[Image, ...]
    errors: tuple[Failure, ...] = ()


def images(opened: Opened) -> Images:
    """Return all images of this user, without asking a runtime."""
    entries = opened.catalogue().all()
    profiles = [entry for entry in entries if isinstance(entry, Profile)]
    bad = [entry for entry in entries if isinstance(entry, Unreadable)]
    return Images(
        tuple(Image(one, _sources(one)) for one in profiles),
        tuple(Failure(one.error, name=one.name) for one in bad),
    )


def _sources(profile: Profile) -> dict[str, Source]:
    return {
        one.name: image_word.source(profile, one, image_word.stored) for one in profile.variants
    }
