"""Fetch and build images, and write them to files."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from abcd_run import build as building
from abcd_run.artifact import obtain, write
from abcd_run.concurrency.cancel import heeding
from abcd_run.errors import ArtifactError, Failure, UsageError
from abcd_run.images import recipe
from abcd_run.images.profile import Profile
from abcd_run.model import FOLDERS, Kind, Stage
from abcd_run.plan import image_word, planner
from abcd_run.plan.given_seed import Given
from abcd_run.plan.request import Request
from abcd_run.session.opened import Opened


@dataclass(frozen=True, slots=True)
class PulledImage:
    """A variant that a runtime now has; `id` is the engine's name for it."""

    variant: str
    runtime: str
    id: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """The variants that are now here, and the runtimes that cannot be used."""

    images: tuple[PulledImage, ...]
    errors: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """An artifact in a file; `size` in bytes. Those `beside` belong to it."""

    variant: str
    format: str
    path: Path
    size: int
    beside: tuple[Path, ...] = ()


def pull(opened: Opened, image: str, on: tuple[str, ...], *, plain_http: bool = False) -> Pulled:
    """Fetch or build an image for runtimes. Raises at the first failure."""
    request = Request(image, on=on or opened.settings().on, plain_http=plain_http)
    fleet, teller = opened.fleet(), opened.teller()
    wanted = image_word.resolve(request, opened.catalogue(), say=partial(teller.say, image))
    planned = planner.plan(request, wanted, fleet)
    pulled = []
    for plan in planned.plans:
        where = f"{plan.variant} on {plan.runtime}"
        say = heeding(partial(teller.say, where))
        artifact = obtain(plan, fleet, say=say)
        name = fleet.runtime(plan.runtime).provide(artifact, pull="missing", say=say)
        teller.stage(where, Stage.FETCHED)
        pulled.append(PulledImage(plan.variant, plan.runtime, name))
    return Pulled(tuple(pulled), planned.failures)


def build(opened: Opened, image: str) -> tuple[str, ...]:
    """Build an image or one of its variants from its recipe; return the variants' names."""
    wanted = image_word.resolve(Request(image), opened.catalogue())
    profile = wanted.profile
    kinds = _with_recipe(profile, tuple(variant.kind for variant in wanted.variants))
    say = heeding(partial(opened.teller().say, profile.name))
    return tuple(building.build(profile, kinds, opened.fleet(), say=say))


def _with_recipe(profile: Profile, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    described = tuple(kind for kind in kinds if recipe.has(profile.recipe, kind))
    if profile.recipe and not described:
        folder = Path(profile.origin).with_suffix("") / kinds[0]
        raise ArtifactError(
            f"the recipe of {profile.name} has no variant {', '.join(kinds)}",
            remedy=f"add {folder} with files/, packages or a Containerfile",
        )
    return described


def artifact(
    opened: Opened, image: str, form: str, output: Path, *, pull: str, given: Given
) -> Written:
    """Write an image in one of the runtimes' formats; the file or folder appears once complete."""
    (_check_folder if form in FOLDERS else _check)(output)
    request = Request(image, pull=pull)
    wanted = image_word.resolve(request, opened.catalogue())
    plan = planner.for_artifact(request, wanted, form, given)
    say = heeding(partial(opened.teller().say, plan.variant))
    placed = write(plan, opened.fleet(), output, say=say)
    return Written(plan.variant, form, output, _size(output), placed)


def _size(written: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    if not written.is_dir():
        return written.stat().st_size
    return sum(one.stat().st_size for one in written.rglob("*") if one.is_file())


def _check_folder(out: Path) -> None:
    """Refuse a place for a new folder where something is that would be lost."""
    _check_above(out)
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise UsageError(
            f"{out} is not empty", remedy="name a new folder, or remove that one first"
        )


def _check_above(out: Path) -> None:
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder", remedy=f"mkdir -p {out.parent}")


def _check(out: Path) -> None:
    _check_above(out)
    if out.exists() and not out.is_file():
        raise UsageError(f"{out} is not a file", remedy="name a file: --output FILE")
