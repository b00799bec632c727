"""What is built from recipes: which layers, in what order, and when they are rebuilt."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from abcd_run.artifact import oci_image
from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.images import from_recipe, recipe
from abcd_run.images.catalogue import Catalogue
from abcd_run.images.profile import Profile, Variant
from abcd_run.model import Format, Kind, Origin, Plan, Source
from abcd_run.oci.store import Store
from abcd_run.plan import image_word, planner, selection
from abcd_run.plan.request import Request
from abcd_run.plan.selection import Choice
from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Say
from abcd_run.testing.fake import FakeEngine
from tests.unit.oci.making import Tar, layout, tar_of

Write = Callable[..., Path]
CONTAINER = (Kind.CONTAINER,)


@dataclass
class Builder:
    """A runtime that builds: it records each layer with its Containerfile and its files."""

    folder: Path
    built: dict[str, str] = field(default_factory=dict[str, str])
    files: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    saved: list[str] = field(default_factory=list[str])

    def build(self, context: Path, *, name: str, say: Say) -> None:
        assert name not in self.built, "built twice"
        self.built[name] = (context / "Containerfile").read_text()
        files = (path.relative_to(context.parent) for path in context.parent.rglob("*"))
        self.files[name] = set(map(str, files))

    def save(self, name: str, out: Path) -> None:
        self.saved.append(name)
        labels = dict(re.findall(r"^LABEL (\S+)=(\S+)$", self.built[name], re.MULTILINE))
        made = layout(self.folder / f"saved-{len(self.saved)}", Tar().file("x"), Labels=labels)
        tar_of(made, out)

    @property
    def order(self) -> list[str]:
        return [name.removeprefix("localhost/").removesuffix(":latest") for name in self.built]


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    """A builder, whatever runtimes there are."""
    builds = Builder(tmp_path)
    monkeypatch.setattr(from_recipe, "_builder", lambda _fleet: builds)
    return builds


@pytest.fixture
def family(write: Write) -> Path:
    """A profile whose parent has a recipe too, and the parent's folder."""
    parent = write("parent", "[abcdic]\n[abcdik]").with_suffix("")
    child = write("child", "parent = 'parent'").with_suffix("")
    for folder, layers in ((parent, ("base", "abcdic", "abcdik")), (child, ("base", "abcdic"))):
        for layer in layers:
            (folder / layer).mkdir(parents=True)
            (folder / layer / "Containerfile").write_text(f"# {folder.name} {layer}\n")
    return parent


def profile(name: str) -> Profile:
    return Catalogue.usual().profile(name)


def plan(name: str, fleet: Fleet) -> Plan:
    request = Request(name)
    (one,) = planner.plan(request, image_word.resolve(request, Catalogue.usual()), fleet).plans
    return one


def said(_text: str) -> None:
    """Say nothing."""


def test_parents_are_built_first(family: Path, fleet: Fleet, builder: Builder) -> None:
    assert from_recipe.build(profile("child"), CONTAINER, fleet, say=said) == ["abcdic-child"]
    assert builder.order == ["parent-base", "abcdic-parent", "child-base", "abcdic-child"]
    assert builder.saved == ["localhost/abcdic-child:latest"]
    assert builder.built["localhost/parent-base:latest"].startswith("# parent base\n")
    label = f"LABEL {recipe.LABEL}={recipe.digest(profile('child').recipes, Kind.CONTAINER)}"
    assert [name for name in builder.built if label in builder.built[name]] == builder.saved
    assert Store(xdg.store()).resolve("abcdic-child") is not None
    assert Store(xdg.store()).resolve("abcdic-parent") is None


def test_a_parent_alone_is_built_without_its_children(
    family: Path, fleet: Fleet, builder: Builder
) -> None:
    kinds = (Kind.CONTAINER, Kind.LIVE)
    names = ["abcdic-parent", "abcdik-parent"]
    assert from_recipe.build(profile("parent"), kinds, fleet, say=said) == names
    assert builder.order == ["parent-base", *names]


def test_layers_are_prepared_in_a_copy(family: Path, fleet: Fleet, builder: Builder) -> None:
    script = family / "base" / "prepare"
    script.write_text("#!/bin/sh\n: >brought\n")
    script.chmod(0o755)
    from_recipe.build(profile("child"), CONTAINER, fleet, say=said)
    assert "base/brought" in builder.files["localhost/parent-base:latest"]
    # An upper layer finds its prepared base.
    assert "base/brought" in builder.files["localhost/abcdic-parent:latest"]
    assert sorted(path.name for path in (family / "base").iterdir()) == ["Containerfile", "prepare"]
    assert (family / "abcdic" / "Containerfile").read_text() == "# parent abcdic\n"


def test_what_is_built_is_built_again_when_its_parent_changes(
    family: Path, fleet: Fleet, builder: Builder
) -> None:
    wanted = plan("child", fleet)
    assert wanted.source.recipes == (family, family.with_name("child"))
    from_recipe.ensure(wanted, fleet, say=said)
    assert len(builder.built) == 4
    from_recipe.ensure(wanted, fleet, say=said)  # or the builder would say: built twice
    (family / "abcdik" / "Containerfile").write_text("# of another variant\n")
    from_recipe.ensure(wanted, fleet, say=said)
    assert builder.saved == ["localhost/abcdic-child:latest"]
    (family / "base" / "Containerfile").write_text("# changed\n")
    builder.built.clear()
    from_recipe.ensure(wanted, fleet, say=said)
    assert builder.built["localhost/parent-base:latest"].startswith("# changed\n")
    assert len(builder.saved) == 2


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (lambda parent: (parent / "base" / "more").touch(), True),
        (lambda parent: (parent / "abcdic" / "Containerfile").write_text("#"), True),
        (lambda parent: (parent / "base" / "Containerfile").chmod(0o744), True),
        (lambda parent: (parent / "base" / "Containerfile").rename(parent / "base" / "x"), True),
        (lambda parent: (parent / "abcdik" / "Containerfile").write_text("#"), False),
        (lambda parent: (parent / "README").touch(), False),
        (lambda parent: (parent / "base" / "Containerfile").touch(), False),
    ],
)
def test_the_digest_is_of_all_that_a_variant_is_built_from(
    change: Callable[[Path], object], differs: bool, family: Path
) -> None:
    recipes = profile("child").recipes
    before = recipe.digest(recipes, Kind.CONTAINER)
    change(family)
    assert (recipe.digest(recipes, Kind.CONTAINER) != before) is differs
    assert recipe.digest(recipes[1:], Kind.CONTAINER) != before


def test_without_a_recipe_of_its_own(
    family: Path, write: Write, fleet: Fleet, engine: FakeEngine
) -> None:
    write("plain", "parent = 'parent'")
    plain = profile("plain")
    assert (plain.recipe, plain.recipes) == (None, (family,))
    with pytest.raises(ArtifactError, match="plain has no recipe"):
        from_recipe.build(plain, CONTAINER, fleet, say=said)


def test_without_a_recipe_of_its_own_the_parents_image_is_launched(
    family: Path, write: Write, fleet: Fleet, builder: Builder
) -> None:
    write("plain", "parent = 'parent'\n[resources]\nmemory = '96MiB'")
    wanted = plan("plain", fleet)
    assert (wanted.source.origin, wanted.source.stored) == (Origin.RECIPE, "abcdic-parent")
    assert wanted.resources.memory == 96 << 20
    from_recipe.ensure(wanted, fleet, say=said)
    assert builder.saved == ["localhost/abcdic-parent:latest"]
    again = plan("plain", fleet)
    assert (again.source.origin, again.source.location) == (Origin.STORE, "abcdic-parent")
    assert oci_image.planned(again).name == "localhost/abcdic-parent:latest"


def test_an_image_that_a_profile_names_is_not_its_parents(
    family: Path, write: Write, fleet: Fleet
) -> None:
    write("named", "parent = 'parent'\n[abcdic]\nimage = 'registry.example/named:1'")
    named = plan("named", fleet).source
    assert (named.origin, named.location) == (Origin.REGISTRY, "registry.example/named:1")


def test_a_variant_that_its_own_recipe_lacks_is_not_the_parents(
    family: Path, fleet: Fleet, builder: Builder
) -> None:
    """That would lack the base of the child."""
    child = profile("child")
    live = next(one for one in child.variants if one.kind is Kind.LIVE)
    assert image_word.source(child, live, image_word.stored).origin is Origin.REGISTRY


def test_what_one_request_wants_is_built_at_once(
    family: Path, fleet: Fleet, builder: Builder
) -> None:
    """Two variants share a base, which takes most of the time; what is there is left alone."""
    container = plan("parent", fleet)
    both = replace(container.source, kinds=(Kind.CONTAINER, Kind.LIVE))
    from_recipe.ensure(replace(container, source=both), fleet, say=said)
    assert builder.order == ["parent-base", "abcdic-parent", "abcdik-parent"]
    live = replace(container, kind=Kind.LIVE, variant="abcdik-parent", source=both)
    from_recipe.ensure(live, fleet, say=said)
    assert len(builder.order) == 3


def test_runtimes_of_one_request_want_their_variants_together() -> None:
    origins = ((Kind.CONTAINER, Origin.RECIPE), (Kind.LIVE, Origin.RECIPE))
    assert _kinds(*origins) == [(Kind.CONTAINER, Kind.LIVE)] * 2
    # What is there, or comes from elsewhere, is not built.
    assert _kinds(origins[0], (Kind.LIVE, Origin.STORE)) == [(Kind.CONTAINER,), ()]


def _kinds(*wanted: tuple[Kind, Origin]) -> list[tuple[Kind, ...]]:
    nobody: Any = None
    choices = [
        Choice(nobody, nobody, Variant(kind, kind), Format.OCI, Source(origin, "x", "x"))
        for kind, origin in wanted
    ]
    return [one.source.kinds for one in selection._together(choices)]
