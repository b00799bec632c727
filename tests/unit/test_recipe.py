"""What a recipe says: its layers, and the digest that tells one state from another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from abcd_run.images import recipe
from abcd_run.images.catalogue import Catalogue
from abcd_run.images.profile import Variant
from abcd_run.model import Format, Kind, Origin, Recipe, Source
from abcd_run.plan import image_word, selection
from abcd_run.plan.selection import Choice

Write = Callable[..., Path]


@pytest.fixture
def parent(write: Write) -> Path:
    """A recipe with a base and two upper layers, and a child that has files alone."""
    folder = write("parent", "[abcdic]\n[abcdik]").with_suffix("")
    for layer in ("base", "abcdic", "abcdik"):
        (folder / layer / "files").mkdir(parents=True)
        (folder / layer / "files" / "name").write_text(layer)
    (write("child", "parent = 'parent'").with_suffix("") / "files").mkdir(parents=True)
    return folder


def of(name: str) -> Recipe:
    wanted = Catalogue.usual().profile(name).recipe
    assert wanted is not None
    return wanted


def test_a_child_s_layers_lie_over_its_parents(parent: Path) -> None:
    parts = [(part.image, part.layer) for part in recipe.below(of("child"), Kind.CONTAINER)]
    assert parts == [("parent", "base"), ("child", "base"), ("parent", "abcdic")]


def test_a_folder_without_layers_is_no_recipe(parent: Path, write: Write) -> None:
    (write("notes", "parent = 'parent'").with_suffix("") / "pictures").mkdir(parents=True)
    assert Catalogue.usual().profile("notes").recipe is None


def test_what_can_be_built(parent: Path, write: Write) -> None:
    assert recipe.has(of("child"), Kind.CONTAINER)
    assert recipe.has(of("child"), Kind.LIVE)
    assert not recipe.has(of("child"), Kind.BROWSER)
    write("alone", "[abcdic]\n[base]\nimage = 'registry.example/alpine:3'")
    assert recipe.has(of("alone"), Kind.CONTAINER)
    assert not recipe.has(of("alone"), Kind.LIVE)
    assert not recipe.has(None, Kind.CONTAINER)


def test_a_new_base_leaves_the_ancestors_upper_layers(parent: Path, write: Write) -> None:
    write("alpine", "parent = 'child'\n[base]\nimage = 'registry.example/alpine:3'")
    write("grandchild", "parent = 'alpine'").with_suffix("").joinpath("files").mkdir(parents=True)
    for name, own in (("alpine", []), ("grandchild", [("grandchild", "base")])):
        parts = [(part.image, part.layer) for part in recipe.below(of(name), Kind.CONTAINER)]
        assert parts == [*own, ("parent", "abcdic")]
        assert of(name).origin == "registry.example/alpine:3"


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (lambda parent: (parent / "base" / "more").touch(), True),
        (lambda parent: (parent / "abcdic" / "files" / "name").write_text("#"), True),
        (lambda parent: (parent / "base" / "files" / "name").chmod(0o744), True),
        (lambda parent: (parent / "base" / "files" / "name").rename(parent / "base" / "x"), True),
        (lambda parent: (parent / "base" / "files" / "link").symlink_to("name"), True),
        (lambda parent: (parent / "abcdik" / "files" / "name").write_text("#"), False),
        (lambda parent: (parent / "README").touch(), False),
        (lambda parent: (parent / "base" / "files" / "name").touch(), False),
        (lambda parent: (parent.with_name("child") / "files" / "own").touch(), True),
        (lambda parent: parent.with_suffix(".toml").write_text("[abcdic]\nlabels={a='b'}"), True),
        (lambda parent: parent.with_suffix(".toml").write_text("user='x'\n[abcdic]"), False),
    ],
)
def test_the_digest_is_of_all_that_a_variant_is_built_from(
    change: Callable[[Path], object], differs: bool, parent: Path
) -> None:
    before = recipe.digest(of("child"), Kind.CONTAINER)
    change(parent)
    assert (recipe.digest(of("child"), Kind.CONTAINER) != before) is differs
    assert recipe.digest(of("parent"), Kind.CONTAINER) != before


def test_an_image_that_a_profile_names_is_not_its_parents(parent: Path, write: Write) -> None:
    write("named", "parent = 'parent'\n[abcdic]\nimage = 'registry.example/named:1'")
    named = Catalogue.usual().profile("named")
    source = image_word.source(named, named.variants[0], image_word.stored)
    assert (source.origin, source.location) == (Origin.REGISTRY, "registry.example/named:1")


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
