"""From a plan's source to the artifact that its runtime takes: one module per format."""

from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.artifact import folder
from abcd_run.host.part_file import part_of, unwritable
from abcd_run.model import Artifact, Format, Origin, Plan
from abcd_run.plugins import formats
from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Say

if TYPE_CHECKING:
    from abcd_run.oci.model import Image


def obtain(plan: Plan, fleet: Fleet, *, say: Say) -> Artifact:
    """Return the artifact of a plan; build its image first if only the recipe is here.

    Raises `ArtifactError`.
    """
    _ensure(plan, fleet, say)
    return formats.maker(plan.format).artifact(plan, say=say)


def planned(plan: Plan) -> Artifact:
    """Return what `obtain` would return, as far as that is known without making anything."""
    return formats.maker(plan.format).planned(plan)


def write(plan: Plan, fleet: Fleet, out: Path, *, say: Say) -> None:
    """Write the artifact of a plan into a file or folder, which appears only once it is complete.

    For an ISO, its sha256 is written beside it, for the next person to check. Raises
    `ArtifactError`.
    """
    _ensure(plan, fleet, say)
    if plan.format == Format.SITE:
        folder.written(out, lambda made: formats.maker(plan.format).write(plan, made, say=say))
        return
    with part_of(out, waiting=lambda _: say(f"another process is writing {out.name}")) as part:
        part.empty()
        try:
            formats.maker(plan.format).write(plan, part.path, say=say)
            if plan.format == Format.ISO:
                _write_sum(part.path, out)
            part.finish()
        except OSError as error:
            part.discard()
            raise unwritable(out, error) from error
        except BaseException:
            part.discard()
            raise


def image_of(plan: Plan, fleet: Fleet, *, say: Say) -> "Image":
    """Return the OCI image of a plan's variant, built or fetched if it is not here yet.

    Raises `ArtifactError`.
    """
    from abcd_run.artifact import oci_image  # noqa: PLC0415  (only `publish` needs it)

    _ensure(plan, fleet, say)
    return oci_image.brought(plan, say=say)


def _write_sum(made: Path, out: Path) -> None:
    from abcd_run.download.checked import sha256_of  # noqa: PLC0415  (no launch needs it)

    digest = sha256_of(made)
    out.with_name(out.name + ".sha256").write_text(f"{digest}  {out.name}\n")


def _ensure(plan: Plan, fleet: Fleet, say: Say) -> None:
    if plan.source.origin is Origin.RECIPE:
        from abcd_run import build  # noqa: PLC0415  (most launches build nothing)

        build.ensure(plan, fleet, say=say)
