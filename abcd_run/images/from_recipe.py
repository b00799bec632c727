"""Build an image's variants from its recipe: no root, no registry.

A recipe is a folder beside the profile, with one folder per layer: `base`, `abcdic`, `abcdik`. Each
holds a Containerfile and the files that it adds. Where needed, it also has an executable `prepare`,
which runs first, as the user, in the folder that the layer is built from, and fetches files from
the distribution's package archive. All of this happens in a private copy of the recipe, where an
upper layer finds its prepared base in `../base`.

If the parent image has a recipe too, the parent's layers are built first, for the child's
`FROM localhost/PARENT-base` and `COPY --from=localhost/VARIANT-OF-PARENT`.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from abcd_run.concurrency.cancel import call
from abcd_run.errors import ArtifactError, NoRuntime
from abcd_run.host import programs, scratch, xdg
from abcd_run.images import recipe
from abcd_run.images.profile import Profile, variant_name
from abcd_run.images.recipe import Layer
from abcd_run.model import Kind, Plan
from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Builds, Problem, Say

PREFIX = "build-"
"""Prefix of the build folders in the cache's `build`."""


def ensure(plan: Plan, fleet: Fleet, *, say: Say) -> None:
    """Build the plan's variant unless another process has built it meanwhile."""
    from abcd_run.oci.store import Store  # noqa: PLC0415  (most launches build nothing)

    recipes, store = plan.source.recipes, Store(xdg.store())

    def missing(kind: Kind) -> bool:
        built = store.resolve(variant_name(recipes[-1].name, kind))
        return not built or built.config.labels.get(recipe.LABEL) != recipe.digest(recipes, kind)

    with _locked(recipes[-1].name, say):
        if missing(plan.kind):
            kinds = plan.source.kinds or (plan.kind,)
            _build(recipes, tuple(filter(missing, kinds)), fleet, say=say)


def build(profile: Profile, kinds: tuple[Kind, ...], fleet: Fleet, *, say: Say) -> list[str]:
    """Rebuild variants and return their names in the local store. Raises `ArtifactError`."""
    if profile.recipe is None:
        raise ArtifactError(
            f"{profile.name} has no recipe",
            details=f"expected a folder {Path(profile.origin).with_suffix('')}",
            remedy=f"abcd-run pull {profile.name}",
        )
    with _locked(profile.name, say):
        return _build(profile.recipes, kinds, fleet, say=say)


def prune() -> None:
    """Remove what killed builds left behind."""
    scratch.discard_abandoned(xdg.cache() / "build", PREFIX)


def _build(
    recipes: Sequence[Path], kinds: tuple[Kind, ...], fleet: Fleet, *, say: Say
) -> list[str]:
    from abcd_run.oci.store import Store  # noqa: PLC0415

    builder = _builder(fleet)
    *parents, own = recipes
    with scratch.held(_folder(), PREFIX) as work:
        for parent in parents:
            for layer in recipe.layers(_copied(parent, work), kinds):
                _layer(layer, builder, say=say)
        base, *upper = recipe.layers(_copied(own, work), kinds)
        _layer(base, builder, say=say)
        for layer, kind in zip(upper, kinds, strict=True):
            label = f"LABEL {recipe.LABEL}={recipe.digest(recipes, kind)}"
            _layer(layer, builder, say=say, more=label)
        store = Store(xdg.store())
        for layer in upper:
            say(f"storing {layer.name}")
            archive = work / f"{layer.name}.tar"
            builder.save(f"localhost/{layer.name}:latest", archive)
            store.add(archive, layer.name)
            archive.unlink()
    return [layer.name for layer in upper]


def _copied(folder: Path, work: Path) -> Path:
    return Path(shutil.copytree(folder, work / folder.name))


def _layer(layer: Layer, builder: Builds, *, say: Say, more: str = "") -> None:
    say(f"building {layer.name}")
    _prepare(layer.folder, layer.name, say)
    with (layer.folder / "Containerfile").open("a") as file:
        file.write(f"\n{more}\n")
    builder.build(layer.folder, name=f"localhost/{layer.name}:latest", say=say)


def _builder(fleet: Fleet) -> Builds:
    problems = []
    for name in fleet.registry.names():
        try:
            runtime = call(partial(fleet.runtime, name))
            if problem := call(runtime.probe).refusal():
                raise problem.error(name)
        except NoRuntime as error:
            problems.append(f"{error.message} → {error.remedy}")
            continue
        if isinstance(runtime, Builds):
            return runtime
    raise Problem("no runtime on this host can build images", "\n".join(problems)).error("building")


def _prepare(context: Path, name: str, say: Say) -> None:
    script = context / "prepare"
    if script.is_file():
        try:
            programs.run([str(script)], cwd=context, doing=f"preparing {name}", say=say)
        except PermissionError as error:
            raise ArtifactError(
                f"cannot start {script}",
                details="it is not executable, or its file system is mounted noexec",
                remedy="chmod +x it in the recipe, or set ABCD_RUN_CACHE to another folder",
            ) from error


@contextmanager
def _locked(image: str, say: Say) -> Iterator[None]:
    """Lock an image's builds, so that concurrent launches build it only once."""
    from abcd_run.host.locks import locked  # noqa: PLC0415  (most launches build nothing)

    say("waiting for another build")
    with locked(_folder() / f"{image}.lock"):
        yield


def _folder() -> Path:
    folder = xdg.cache() / "build"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
