"""From a plan's source to the artifact that its runtime takes: one module per format."""

from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.artifact import folder, seeds
from abcd_run.errors import UsageError
from abcd_run.host.part_file import companion, part_of, unwritable
from abcd_run.model import FOLDERS, Artifact, Origin, Plan
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


def write(plan: Plan, fleet: Fleet, out: Path, *, say: Say) -> tuple[Path, ...]:
    """Write the artifact of a plan into a file or folder, which appears only once it is complete.

    Return what belongs to it and lies beside it: of an ISO its sha256, for the next person to
    check. Raises `ArtifactError`, or `UsageError` if something else is there.
    """
    maker = formats.maker(plan.format)
    names: tuple[str, ...] = getattr(maker, "beside", _nothing)(plan, out)
    names += () if plan.format in FOLDERS else seeds.beside(plan, out)
    placed = tuple(out.with_name(name) for name in names)
    for path in placed:
        if path.exists() and not path.is_file():
            raise UsageError(
                f"{path} is not a file",
                details=f"{plan.format} has a file of this name beside {out.name}",
                remedy="choose another --output",
            )
    _ensure(plan, fleet, say)
    if plan.format in FOLDERS:
        folder.written(out, lambda made: maker.write(plan, made, say=say))
        return ()
    with part_of(out, waiting=lambda _: say(f"another process is writing {out.name}")) as part:
        part.empty()
        try:
            maker.write(plan, part.path, say=say)
            seeds.write(plan, part.path, out)
            for path in placed:
                companion(part.path, path.name).replace(path)
            part.finish()
        except OSError as error:
            part.discard()
            raise unwritable(out, error) from error
        except BaseException:
            part.discard()
            raise
    return placed


def _nothing(_plan: Plan, _out: Path) -> tuple[str, ...]:
    return ()


def image_of(plan: Plan, fleet: Fleet, *, say: Say) -> "Image":
    """Return the OCI image of a plan's variant, built or fetched if it is not here yet.

    Raises `ArtifactError`.
    """
    from abcd_run.artifact import oci_image  # noqa: PLC0415  (only `publish` needs it)

    _ensure(plan, fleet, say)
    return oci_image.brought(plan, say=say)


def _ensure(plan: Plan, fleet: Fleet, say: Say) -> None:
    if plan.source.origin is Origin.RECIPE:
        from abcd_run import build  # noqa: PLC0415  (most launches build nothing)

        build.ensure(plan, fleet, say=say)
