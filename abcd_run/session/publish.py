"""Publish an image: all its variants and its profile behind one reference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from abcd_run import artifact
from abcd_run.artifact import family, publishing
from abcd_run.artifact.publishing import Family, Sent
from abcd_run.concurrency.cancel import heeding
from abcd_run.errors import ArtifactError, UsageError
from abcd_run.images import profile, travelling
from abcd_run.images.profile import Profile
from abcd_run.model import Kind, Origin, Plan
from abcd_run.oci import registry
from abcd_run.oci.reference_parts import repository
from abcd_run.plan import destination, image_word, planner
from abcd_run.plan.destination import Destination
from abcd_run.plan.request import Request
from abcd_run.plan.target import Target
from abcd_run.runtime import Say
from abcd_run.session.opened import Opened

if TYPE_CHECKING:
    from abcd_run.oci.model import Image


@dataclass(frozen=True, slots=True)
class PublishedVariant:
    """A variant behind a reference, with its manifest's digest."""

    name: str
    kind: str
    digest: str


@dataclass(frozen=True, slots=True)
class Published:
    """What lies behind a reference now.

    `word` launches it, `pinned` launches exactly this; it is empty for a file. `size` is in bytes,
    `uploaded` what the registry did not have yet; None for a file, or if skopeo does not say.
    """

    reference: str
    word: str
    pinned: str
    digest: str
    variants: tuple[PublishedVariant, ...]
    size: int
    uploaded: int | None
    notes: tuple[str, ...] = ()


def publish(
    opened: Opened, image: str, reference: str, *, plain_http: bool, sign_by: str
) -> Published:
    """Build or fetch what is missing, and publish it. Raises `UsageError` or `ArtifactError`."""
    to = destination.read(reference)
    destination.check_key(sign_by, to)
    request = Request(image, plain_http=plain_http)
    teller = opened.teller()
    say = heeding(partial(teller.say, image))
    wanted = image_word.resolve(request, opened.catalogue(), more=opened.other_words, say=say)
    _refuse_unnamed(wanted, image)
    if to.reference:
        registry.check(to.reference, plain_http=plain_http)
    plans, notes = _plans(request, wanted)
    for note in notes:
        teller.note(note)
    images = [artifact.image_of(plan, opened.fleet(), say=say) for plan in plans]
    given = [(str(plan.kind), one) for plan, one in zip(plans, images, strict=True)]
    whole = Family(wanted.profile.name, given, travelling.written(_whole(wanted)))
    sent = _sent(whole, to, plain_http=plain_http, sign_by=sign_by, say=say)
    variants = tuple(map(_variant, plans, images))
    pinned = f"{repository(to.reference)}@{sent.digest}" if to.reference else ""
    return Published(
        reference, to.word, pinned, sent.digest, variants, sent.size, sent.uploaded, notes
    )


def _whole(wanted: Target) -> Profile:
    """Return the profile with all options for runtimes, also a stranger's: they travel on."""
    return replace(wanted.profile, on=profile.inherit(wanted.profile.on, wanted.brought))


def _refuse_unnamed(wanted: Target, image: str) -> None:
    """Refuse a file or a reference without a profile: there is nothing to publish beside it."""
    first = wanted.variants[0]
    if wanted.adhoc and wanted.profile.name == first.name:
        raise UsageError(
            f"{image} has no profile that could be published with it",
            remedy="write one, with [abcdic] and its image: abcd-run publish ./NAME.toml …",
        )


def _plans(request: Request, wanted: Target) -> tuple[list[Plan], tuple[str, ...]]:
    """Return a plan for each variant that is an OCI image, and notes on those that are not."""
    plans = [planner.for_variant(request, wanted.profile, one, "") for one in wanted.variants]
    left = [one for one in plans if one.source.origin is not Origin.ISO]
    notes = tuple(
        f"{one.variant} is not published: its profile has only an ISO, {one.source.location}"
        for one in plans
        if one not in left
    )
    if not left:
        raise ArtifactError(
            f"{wanted.profile.name} has no variant that can be published",
            details="\n".join(notes),
            remedy=f"give {wanted.profile.origin} an image: [abcdic] or [abcdik] with image",
        )
    return _together(left), notes


def _together(plans: Sequence[Plan]) -> list[Plan]:
    """Have all variants from the recipe built together, because they share a base."""
    kinds = tuple(one.kind for one in plans if one.source.origin is Origin.RECIPE)
    order = list(Kind)
    return [
        replace(one, source=replace(one.source, kinds=kinds)) if one.kind in kinds else one
        for one in sorted(plans, key=lambda one: order.index(one.kind))
    ]


def _sent(whole: Family, to: Destination, *, plain_http: bool, sign_by: str, say: Say) -> Sent:
    if to.archive:
        return publishing.to_archive(whole, to.archive, say=say)
    if to.layout:
        return publishing.to_layout(whole, to.layout, say=say)
    sent = publishing.to_registry(
        whole, to.reference, plain_http=plain_http, sign_by=sign_by, say=say
    )
    family.forget(to.reference)
    return sent


def _variant(plan: Plan, image: "Image") -> PublishedVariant:
    return PublishedVariant(plan.variant, str(plan.kind), image.digest)
