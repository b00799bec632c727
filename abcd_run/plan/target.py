"""An image and the variants of it that may be launched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from abcd_run.errors import AbcdRunError
from abcd_run.images.profile import Profile, Variant


@dataclass(frozen=True, slots=True)
class Target:
    """An image and the variants of it that may be launched."""

    profile: Profile
    variants: tuple[Variant, ...]
    exposed: bool = False
    """Whether the ports that the image exposes become services."""
    adhoc: bool = False
    """Whether it is a file or reference without a profile, so it may not read a seed."""

    notes: tuple[str, ...] = ()
    """What the user should know about how the word was read."""

    brought: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict[str, Mapping[str, object]]
    )
    """A stranger's options for runtimes, which count only where they need no trust."""

    unanswered: AbcdRunError | None = None
    """Why nobody knows what a reference is; it is then taken for a container image."""
