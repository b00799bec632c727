"""What is built from recipes: which layers, in what order, and when they are made anew."""

import tarfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from abcd_run import build
from abcd_run.artifact import oci_image
from abcd_run.build.stack import ANNOTATION
from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.images.catalogue import Catalogue
from abcd_run.model import Kind, Origin, Plan
from abcd_run.oci.layers import open_layer
from abcd_run.oci.model import Image
from abcd_run.oci.store import Store
from abcd_run.plan import image_word, planner
from abcd_run.plan.request import Request
from abcd_run.plugins.fleet import Fleet
from tests.unit.build.builder import CONTAINER, Builder, built, profile
from tests.unit.oci.making import Tar, layout, tar_of

Write = Callable[..., Path]
BOTH = (Kind.CONTAINER, Kind.LIVE)


def plan(name: str, fleet: Fleet) -> Plan:
    request = Request(name)
    (one,) = planner.plan(request, image_word.resolve(request, Catalogue.usual()), fleet).plans
    return one


def contents(image: Image) -> list[dict[str, tarfile.TarInfo]]:
    """Return what each layer holds, the lowest first."""
    tars = [open_layer(image, layer).read(1 << 20) for layer in image.layers]
    held = []
    for tar in tars:
        with tarfile.open(fileobj=BytesIO(tar)) as entries:
            held.append({entry.name: entry for entry in entries})
    return held


def test_bases_lie_below_upper_layers_and_ancestors_below_children(
    family: Path, fleet: Fleet
) -> None:
    container, live = built("child", fleet, BOTH)
    base, own = container.layers[:2]
    assert [max(one) for one in contents(container)] == ["where", "etc/child", "etc/variant"]
    assert live.layers[:2] == (base, own)
    assert container.layers[2] != live.layers[2]
    assert container.config.entrypoint == ("/init",)
    assert container.config.labels["org.opencontainers.image.title"] == "abcdic-child"


def test_only_what_changed_is_made_anew(family: Path, fleet: Fleet, made: list[str]) -> None:
    built("parent", fleet, BOTH)
    assert len(made) == 3
    (before,) = built("child", fleet)
    assert len(made) == 4
    (family.with_name("child") / "files" / "etc" / "child").write_text("two")
    (after,) = built("child", fleet)
    assert len(made) == 5
    assert made[-1].endswith("child/files")
    assert [old == new for old, new in zip(before.layers, after.layers, strict=True)] == [
        True,
        False,
        True,
    ]


def test_a_layer_that_is_gone_is_made_again(family: Path, fleet: Fleet, made: list[str]) -> None:
    (image,) = built("parent", fleet)
    (xdg.store() / "blobs" / "sha256" / image.layers[0].blob.digest.partition(":")[2]).unlink()
    built("parent", fleet)
    assert len(made) == 4


def test_what_is_done_is_kept_when_a_later_layer_fails(
    family: Path, fleet: Fleet, made: list[str]
) -> None:
    broken = family.with_name("child") / "abcdic" / "Containerfile"
    broken.parent.mkdir()
    broken.write_text("FROM scratch\n")
    with pytest.raises(ArtifactError):
        built("child", fleet)
    assert len(made) == 3
    broken.unlink()
    built("child", fleet)
    assert len(made) == 3


def test_packages_are_kept_when_setup_fails(
    family: Path, fleet: Fleet, builder: Builder, made: list[str]
) -> None:
    folder = family.with_name("child")
    (folder / "packages").write_text("tree")
    (folder / "setup").write_text("exit 1\n")
    builder.fails_at = "setup="
    with pytest.raises(ArtifactError):
        built("child", fleet)
    builder.fails_at = ""
    made.clear()
    built("child", fleet)
    assert [name.rpartition("/")[2] for name in made] == ["child", "files"]


def test_nobody_elses_image_can_say_what_its_layers_were_made_from(
    family: Path, fleet: Fleet, made: list[str], tmp_path: Path
) -> None:
    built("parent", fleet)
    store = Store(xdg.store())
    said = {ANNOTATION: store.entries()[-1].annotations[ANNOTATION]}
    foreign = layout(tmp_path / "foreign", Tar().file("evil"), Tar().file("evil2"), Labels=said)
    for name in store.names():
        store.remove(name)
    store.add(foreign, "abcdic-parent")
    made.clear()
    (image,) = built("parent", fleet)
    assert len(made) == 2
    assert "evil" not in contents(image)[0]


def test_prepare_runs_in_a_copy(family: Path, fleet: Fleet) -> None:
    (image,) = built("parent", fleet)
    (where,) = (layer["where"] for layer in contents(image) if "where" in layer)
    assert where.isfile()
    assert [path.name for path in (family / "base").iterdir()] == ["prepare"]
    assert list((xdg.cache() / "build").glob(f"{build.PREFIX}*")) == []


def test_errors_name_the_authors_file(family: Path, fleet: Fleet) -> None:
    script = family / "base" / "prepare"
    script.write_text('#!/bin/sh\necho "$0: no such package"\nexit 3\n')
    with pytest.raises(ArtifactError) as caught:
        built("child", fleet)
    assert str(script) in caught.value.message
    assert caught.value.details == f"{script}: no such package"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(ArtifactError, match=f"{script} wrote no tar"):
        built("child", fleet)
    script.chmod(0o644)
    with pytest.raises(ArtifactError) as caught:
        built("child", fleet)
    assert caught.value.remedy.startswith(f"chmod +x {script}")


def test_files_have_modes_and_owners_of_their_own(family: Path, fleet: Fleet) -> None:
    tree = family.with_name("child") / "files"
    for name in ("home/abcd/note", "home/readme", "usr/bin/tool"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("")
    (tree / "usr/bin/tool").chmod(0o700)
    (tree / "usr/bin/alias").symlink_to("tool")
    (image,) = built("child", fleet)
    own = contents(image)[1]
    facts = {name: (entry.mode, entry.uid, entry.gid) for name, entry in own.items()}
    assert facts["etc/child"] == (0o644, 0, 0)
    assert facts["usr/bin/tool"] == (0o755, 0, 0)
    assert facts["home"] == (0o755, 0, 0)
    assert facts["home/abcd"] == (0o750, 1000, 1000)
    assert facts["home/abcd/note"] == (0o644, 1000, 1000)
    assert facts["home/readme"] == (0o644, 1000, 1000)
    assert own["usr/bin/alias"].linkname == "tool"


def test_the_same_files_twice_are_one_layer(
    family: Path, write: Write, fleet: Fleet, made: list[str]
) -> None:
    twin = write("twin", "parent = 'child'").with_suffix("") / "files" / "etc" / "child"
    twin.parent.mkdir(parents=True)
    twin.write_text("one")
    assert [len(built("twin", fleet)[0].layers) for _ in range(3)] == [3, 3, 3]


def test_a_folder_of_files_may_be_called_as_a_variant(family: Path, fleet: Fleet) -> None:
    extra = family.with_name("child") / "files" / "abcdic"
    extra.mkdir()
    (before,) = built("child", fleet)
    (extra / "new").write_text("")
    (after,) = built("child", fleet)
    assert before.layers != after.layers


def test_packages_are_installed_over_what_is_below(
    family: Path, fleet: Fleet, builder: Builder, made: list[str]
) -> None:
    folder = family.with_name("child")
    (folder / "packages").write_text("tree  # shows folders\n\n# nothing\nhtop\n")
    (image,) = built("child", fleet)
    ((name, text),) = builder.built.items()
    assert (name, [*builder.provided]) == (
        "localhost/child-base:latest",
        ["localhost/child-base-below:latest"],
    )
    assert text.startswith("FROM localhost/child-base-below:latest\nUSER 0\nRUN [")
    assert "packages='tree htop'" in text
    assert len(image.layers) == 4
    # A file of the author's comes after them: they are not installed again for it.
    (folder / "files" / "etc" / "child").write_text("two")
    built("child", fleet)
    assert len(builder.order) == 1
    assert made[-1].endswith("child/files")
    (folder / "packages").write_text("tree")
    built("child", fleet)
    assert "packages=tree\n" in builder.built[name]


def test_setup_runs_over_the_files(
    family: Path, fleet: Fleet, builder: Builder, made: list[str]
) -> None:
    folder = family.with_name("child")
    (folder / "setup").write_text("#!/bin/sh\necho done\n")
    (image,) = built("child", fleet)
    assert "setup=" in builder.built["localhost/child-base:latest"]
    assert [max(one) for one in contents(image)][1:3] == [
        "etc/child",
        "built/localhost/child-base:latest",
    ]
    built("child", fleet)
    assert len(made) == 4
    (folder / "files" / "etc" / "child").write_text("two")
    built("child", fleet)
    assert len(made) == 6


def test_packages_that_cannot_be_installed(family: Path, fleet: Fleet, builder: Builder) -> None:
    folder = family.with_name("child")
    (folder / "packages").write_text("nosuch")
    builder.fails = "E: Unable to locate package nosuch"
    with pytest.raises(ArtifactError) as caught:
        built("child", fleet)
    assert caught.value.message == f"{folder}/packages: building failed"
    assert caught.value.details == builder.fails


def test_a_containerfile_stands_on_what_is_below(
    family: Path, fleet: Fleet, builder: Builder
) -> None:
    folder = family.with_name("child") / "abcdic"
    folder.mkdir()
    (folder / "Containerfile").write_text("ARG BASE\nFROM ${BASE}\nCOPY more /\n")
    (folder / "more").write_text("")
    (image,) = built("child", fleet)
    assert builder.built["localhost/child-abcdic:latest"].startswith(
        "ARG BASE=localhost/child-abcdic-below:latest\nFROM ${BASE}\n"
    )
    assert "more" in builder.files["localhost/child-abcdic:latest"]
    assert len(image.layers) == 4
    assert image.config.entrypoint == ("/init",)
    assert (image.config.working_dir, image.config.cmd) == ("/built", ())
    assert built("child", fleet)[0].digest == image.digest
    assert len(builder.order) == 1


def test_an_upper_layer_cannot_leave_its_base(family: Path, fleet: Fleet, builder: Builder) -> None:
    file = family.with_name("child") / "abcdic" / "Containerfile"
    file.parent.mkdir()
    file.write_text("FROM scratch\n")
    with pytest.raises(ArtifactError, match=f"{file}: an upper layer must stand"):
        built("child", fleet)


def test_a_base_from_an_archive(
    family: Path, write: Write, fleet: Fleet, tmp_path: Path, made: list[str]
) -> None:
    foreign = layout(tmp_path / "alpine", Tar().file("alpine"), Cmd=["/sbin/init"], Env=["A=1"])
    archive = tar_of(foreign, tmp_path / "alpine.tar")
    write("mine", f"parent = 'parent'\n[base]\narchive = '{archive}'")
    (image,) = built("mine", fleet)
    # The parent's upper layer stands on it, the parent's base is left out.
    assert [max(one) for one in contents(image)] == ["alpine", "etc/variant"]
    assert image.config.env == ("A=1",)
    assert image.config.entrypoint == ("/init",)
    assert image.config.cmd == ()
    wanted = plan("mine", fleet)
    assert wanted.source.origin is Origin.STORE
    tar_of(layout(tmp_path / "newer", Tar().file("newer")), archive)
    assert plan("mine", fleet).source.origin is Origin.RECIPE


def test_without_a_recipe_of_its_own(family: Path, write: Write, fleet: Fleet) -> None:
    write("plain", "parent = 'parent'")
    plain = profile("plain")
    assert (plain.recipe, [one.image for one in plain.recipes]) == (None, ["parent"])
    with pytest.raises(ArtifactError, match="plain has no recipe"):
        build.build(plain, CONTAINER, fleet, say=lambda _: None)


def test_without_a_recipe_of_its_own_the_parents_image_is_launched(
    family: Path, write: Write, fleet: Fleet
) -> None:
    write("plain", "parent = 'parent'\n[resources]\nmemory = '96MiB'")
    wanted = plan("plain", fleet)
    assert (wanted.source.origin, wanted.source.stored) == (Origin.RECIPE, "abcdic-parent")
    assert wanted.resources.memory == 96 << 20
    build.ensure(wanted, fleet, say=lambda _: None)
    again = plan("plain", fleet)
    assert (again.source.origin, again.source.location) == (Origin.STORE, "abcdic-parent")
    assert oci_image.planned(again).name == "localhost/abcdic-parent:latest"


def test_what_is_built_is_built_again_when_its_parent_changes(
    family: Path, fleet: Fleet, made: list[str]
) -> None:
    wanted = plan("child", fleet)
    assert wanted.source.recipe == profile("child").recipe
    build.ensure(wanted, fleet, say=lambda _: None)
    assert len(made) == 3
    build.ensure(wanted, fleet, say=lambda _: None)
    (family / "abcdik" / "files" / "more").touch()
    build.ensure(wanted, fleet, say=lambda _: None)
    assert len(made) == 3
    (family / "abcdic" / "files" / "more").touch()
    build.ensure(wanted, fleet, say=lambda _: None)
    assert len(made) == 4


def test_what_one_request_wants_is_built_at_once(
    family: Path, fleet: Fleet, made: list[str]
) -> None:
    container = plan("parent", fleet)
    both = replace(container.source, kinds=BOTH)
    build.ensure(replace(container, source=both), fleet, say=lambda _: None)
    assert len(made) == 3
    live = replace(container, kind=Kind.LIVE, variant="abcdik-parent", source=both)
    build.ensure(live, fleet, say=lambda _: None)
    assert len(made) == 3


def test_who_wants_nothing_built_is_told_that_it_is_stale(family: Path, fleet: Fleet) -> None:
    built("child", fleet)
    request = Request("child", pull="never")

    def notes() -> tuple[str, ...]:
        wanted = image_word.resolve(request, Catalogue.usual())
        return planner.plan(request, wanted, fleet).notes

    assert notes() == ()
    (family / "base" / "more").touch()
    (note,) = notes()
    assert note == (
        "fake: abcdic-child is older than its recipe, and --pull never rebuilds nothing:"
        " abcd-run build abcdic-child"
    )
