"""OCI images: for engines that take them, and as the source of other formats."""

from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.backend.oci_images import on_disk
from abcd_run.host import xdg
from abcd_run.model import Artifact, Format, Origin, Plan, Source
from abcd_run.runtime import Say

if TYPE_CHECKING:
    from abcd_run.oci.model import Image


def artifact(plan: Plan, *, say: Say) -> Artifact:
    """Return the image of a plan for an engine, which pulls a missing one itself.

    One that is to be fetched is brought into the local store: an engine in a network of its own
    does not reach every registry that this user reaches.
    """
    if plan.source.fetched:
        brought(plan, say=say)
    return planned(plan)


def planned(plan: Plan) -> Artifact:
    """Return what `artifact` would return."""
    source = plan.source
    if source.fetched:
        return _fetched(source)
    if source.origin is Origin.REGISTRY:
        return Artifact(Format.OCI, source.name, reference=source.location)
    path, reference = _place(plan)
    if source.origin is Origin.RECIPE and not path.exists():
        return Artifact(Format.OCI, source.name, reference, path)
    image = opened(plan)
    return Artifact(Format.OCI, source.name, reference, path, id=image.config_digest)


def _fetched(source: Source) -> Artifact:
    """Return an image in the local store under its reference; without an id until it is there."""
    from abcd_run.oci.store import Store  # noqa: PLC0415

    image = Store(xdg.store()).resolve(source.location)
    image_id = image.config_digest if image else ""
    return Artifact(Format.OCI, source.name, source.location, xdg.store(), id=image_id)


def opened(plan: Plan) -> "Image":
    """Return the image of a plan from this disk. Raises `ArtifactError`."""
    path, reference = _place(plan)
    return on_disk(path, reference)


def brought(plan: Plan, *, say: Say) -> "Image":
    """Return the image of a plan for a conversion, fetched into the local store if necessary.

    Raises `ArtifactError`.
    """
    source = plan.source
    if source.origin is not Origin.REGISTRY:
        return opened(plan)
    from abcd_run.oci.fetch import fetched  # noqa: PLC0415  (only images from registries need it)
    from abcd_run.oci.store import Store  # noqa: PLC0415

    return fetched(
        Store(xdg.store()),
        source.location,
        pull=plan.pull,
        plain_http=source.plain_http,
        say=say,
    )


def write(plan: Plan, out: Path, *, say: Say) -> None:
    """Write the image of a plan as an archive that every engine can load."""
    from abcd_run.oci.archive import stream_archive  # noqa: PLC0415  (a launch needs no file)

    image = brought(plan, say=say)
    say("writing")
    with out.open("wb") as file:
        for piece in stream_archive(image, plan.source.name):
            file.write(piece)


def _place(plan: Plan) -> tuple[Path, str]:
    if plan.source.origin is Origin.FILE:
        return Path(plan.source.location), plan.source.digest
    if plan.source.fetched:
        return xdg.store(), plan.source.location
    return xdg.store(), plan.source.stored
