"""Build an image's variants from its recipe: no root, no registry.

The layers of the base come first, the root's before its children's, then the upper layers of the
variant in the same order. Each layer is kept by what it was made from, so that a change makes only
what depends on it. An engine is needed for packages and Containerfiles alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from abcd_run.build import engine
from abcd_run.build.bench import Bench
from abcd_run.build.origin import step
from abcd_run.build.parts import put_over
from abcd_run.build.stack import Stack, steps_in
from abcd_run.errors import ArtifactError
from abcd_run.host import install, scratch, xdg
from abcd_run.images import recipe
from abcd_run.images.profile import Profile, variant_name
from abcd_run.model import BASE, Kind, Plan, Recipe
from abcd_run.oci.store import Store
from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Say

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are in an image that does not say it."""

ARCHITECTURES = {Kind.BROWSER: "386"}
"""What a kind of variant is built for, in OCI's terms, if not for this host."""

PREFIX = "build-"
"""Prefix of the build folders in the cache's `build`."""


def ensure(plan: Plan, fleet: Fleet, *, say: Say) -> None:
    """Build the plan's variant unless another process has built it meanwhile."""
    wanted, store = plan.source.recipe, Store(xdg.store())
    assert wanted is not None

    def missing(kind: Kind) -> bool:
        built = store.resolve(variant_name(wanted.image, kind))
        return not built or built.config.labels.get(recipe.LABEL) != recipe.digest(wanted, kind)

    with _locked(wanted.image, say):
        if missing(plan.kind):
            kinds = plan.source.kinds or (plan.kind,)
            _build(wanted, tuple(filter(missing, kinds)), fleet, say=say)


def build(profile: Profile, kinds: tuple[Kind, ...], fleet: Fleet, *, say: Say) -> list[str]:
    """Build variants and return their names in the local store. Raises `ArtifactError`."""
    if profile.recipe is None:
        raise ArtifactError(
            f"{profile.name} has no recipe",
            details=f"expected a folder {Path(profile.origin).with_suffix('')}",
            remedy=f"abcd-run pull {profile.name}",
        )
    with _locked(profile.name, say):
        return _build(profile.recipe, kinds, fleet, say=say)


def prune() -> None:
    """Remove what killed builds left behind."""
    scratch.discard_abandoned(xdg.cache() / "build", PREFIX)


def _build(wanted: Recipe, kinds: tuple[Kind, ...], fleet: Fleet, *, say: Say) -> list[str]:
    if not install.BUILDS:
        raise ArtifactError("images are built on Linux", remedy=install.elsewhere(wanted.image))
    store = Store(xdg.store())
    names = []
    with scratch.held(_folder(), PREFIX) as work, store.importing():
        builder = cache(partial(engine.of, fleet))
        bench = Bench(store, work, steps_in(store), builder, say)

        @cache
        def base(architecture: str) -> Stack:
            return _over(Stack(architecture=architecture), wanted, BASE, bench)

        for kind in kinds:
            name = variant_name(wanted.image, kind)
            stack = _over(base(ARCHITECTURES.get(kind, "")), wanted, kind, bench)
            _finish(name, kind, stack, wanted, store)
            names.append(name)
    return names


def _over(stack: Stack, wanted: Recipe, layer: str, bench: Bench) -> Stack:
    if layer == BASE and wanted.origin:
        stack = stack.over(step(wanted.origin, bench))
    for part in wanted.parts:
        if part.layer == layer:
            stack = put_over(stack, part, bench)
    return stack


def _finish(name: str, kind: Kind, stack: Stack, wanted: Recipe, store: Store) -> None:
    """Give the variant its settings: what its layers say, and over that what its profile says."""
    said = wanted.said(kind)
    settings = {"Env": [PATH], **stack.settings, **said}
    if "Entrypoint" in said:  # a command of what is below was meant for another one
        settings.pop("Cmd", None)
    labels = {**stack.settings.get("Labels", {}), **settings.get("Labels", {})}
    settings["Labels"] = {**labels, recipe.LABEL: recipe.digest(wanted, kind)}
    stack.enter(store, name, settings)


@contextmanager
def _locked(image: str, say: Say) -> Iterator[None]:
    """Lock an image's builds, so that concurrent launches build it only once."""
    from abcd_run.host.locks import locked  # noqa: PLC0415  (most launches build nothing)

    file = _folder() / f"{image}.lock"
    with locked(file, wait=False) as ours:
        if ours:
            yield
            return
    say("waiting for another build")
    with locked(file):
        yield


def _folder() -> Path:
    folder = xdg.cache() / "build"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
