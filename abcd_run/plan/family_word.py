"""What a family reference stands for: the image that came with its own profile, a stranger's."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from abcd_run import schema
from abcd_run.errors import ArtifactError, ProfileError
from abcd_run.images import profile
from abcd_run.images.profile import Variant, variant_name
from abcd_run.model import Kind
from abcd_run.oci.family import PUBLISH_AGAIN
from abcd_run.oci.reference_parts import repository
from abcd_run.plan.target import Target
from abcd_run.runtime import Backend, Options

if TYPE_CHECKING:  # a family is known only to those who launch one
    from abcd_run.artifact.family import Known
    from abcd_run.plan.request import Request

LONGEST = 200
"""Characters of a stranger's names in a note."""


def target(known: "Known", request: "Request", named: Variant) -> Target:
    """Return a family's image with the variants that its index pins.

    `named` is the reference or the file that the user named.
    """
    family, arrived = known.family, known.arrived
    changed = profile.inherit(request.changes, arrived.tables)
    image = profile.build(family.image, changed, origin=request.image)
    variants = tuple(
        _variant(family.image, Kind(kind), entry.digest, named)
        for kind, entry in family.variants.items()
    )
    if not variants:
        raise ArtifactError(
            f"{request.image} has no variant for this machine", remedy=PUBLISH_AGAIN
        )
    image = replace(image, variants=variants)
    return Target(image, variants, adhoc=True, notes=arrived.notes, brought=arrived.on)


def _variant(image: str, kind: Kind, digest: str, named: Variant) -> Variant:
    name = variant_name(image, kind)
    if named.archive:
        return Variant(kind, name, archive=named.archive, digest=digest)
    pinned = f"{repository(named.image)}@{digest}"
    return Variant(kind, name, image=pinned, fetched=True, plain_http=named.plain_http)


def trusted(
    backend: Backend, given: Mapping[str, object], *, origin: str
) -> tuple[Options, tuple[str, ...]]:
    """Return those of a stranger's options for a runtime that need no trust, and notes on others.

    `--rootful` does not help: the user knows the reference, not the profile behind it.
    """
    problems = {key: _problem(backend, {key: value}) for key, value in given.items()}
    kept = {key: value for key, value in given.items() if not problems[key]}
    if together := _problem(backend, kept):
        problems, kept = dict.fromkeys(given, together), {}
    bad = [key for key, problem in problems.items() if problem]
    if not bad:
        return _read(backend, kept), ()
    names = ", ".join(f"on.{backend.name}.{key}" for key in bad)[:LONGEST]
    return _read(backend, kept), (f"{names} of {origin} is not used: {problems[bad[0]]}",)


def _problem(backend: Backend, given: Options) -> str:
    """Return why options cannot be used without trust; empty if they can."""
    try:
        refused = backend.trusts(_read(backend, given))
    except ProfileError as error:
        return error.message
    return refused.message if refused else ""


def _read(backend: Backend, given: Options) -> Options:
    shape = {name: option.rule for name, option in backend.options.items()}
    return schema.check(given, shape, where="it")
