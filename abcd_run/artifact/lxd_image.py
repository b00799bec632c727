"""LXD images: made from OCI images while LXD reads them, without touching a disk."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.artifact import oci_image
from abcd_run.backend.record import IMAGE_ID
from abcd_run.errors import ArtifactError
from abcd_run.model import Artifact, Format, Origin, Plan
from abcd_run.runtime import Say

if TYPE_CHECKING:
    from abcd_run.oci.model import Image


def artifact(plan: Plan, *, say: Say) -> Artifact:
    """Return the LXD image of a plan; fetch its OCI image first if necessary."""
    return _converted(plan, oci_image.brought(plan, say=say))


def planned(plan: Plan) -> Artifact:
    """Return the LXD image of a plan, without its id if the OCI image is not here yet."""
    unknown = Artifact(Format.LXD, plan.source.name)
    if plan.source.origin is Origin.REGISTRY:
        return unknown
    try:
        return _converted(plan, oci_image.opened(plan))
    except ArtifactError:
        if plan.source.origin is Origin.RECIPE:
            return unknown
        raise


def write(plan: Plan, out: Path, *, say: Say) -> None:
    """Write the LXD image of a plan into a file."""
    from abcd_run.oci.lxd import write_lxd_image  # noqa: PLC0415  (a launch streams it)

    image = oci_image.brought(plan, say=say)
    say("converting")
    with out.open("wb") as file:
        write_lxd_image(
            image, file, description=_description(plan), properties={IMAGE_ID: _id(image)}
        )


def _converted(plan: Plan, image: "Image") -> Artifact:
    from abcd_run.oci.lxd import stream_lxd_image  # noqa: PLC0415  (only LXD needs it)

    made = _id(image)

    def stream() -> Iterator[bytes]:
        return stream_lxd_image(image, description=_description(plan), properties={IMAGE_ID: made})

    return Artifact(Format.LXD, plan.source.name, id=made, stream=stream)


def _id(image: "Image") -> str:
    """Return a digest that changes with the root file system and with the conversion."""
    from abcd_run.oci.lxd import FORMAT  # noqa: PLC0415

    made_of = f"{image.config_digest} as LXD image, version {FORMAT}"
    return f"sha256:{hashlib.sha256(made_of.encode()).hexdigest()}"


def _description(plan: Plan) -> str:
    return f"{plan.variant} (from an OCI image)"
