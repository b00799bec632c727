"""What IMAGE stands for."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from abcd_run.backend import image_ports
from abcd_run.errors import AbcdRunError, ArtifactError
from abcd_run.host import xdg
from abcd_run.images import recipe
from abcd_run.images.catalogue import Catalogue
from abcd_run.model import Kind, Origin, Ready, Service
from abcd_run.oci.store import Store
from abcd_run.plan import image_word
from abcd_run.plan.request import Request
from abcd_run.plan.target import Target
from abcd_run.testing.image import write_layout

Write = Callable[..., Path]


def resolve(word: str, **wanted: Any) -> Target:
    return image_word.resolve(Request(word, **wanted), Catalogue.usual())


@pytest.mark.parametrize(
    ("word", "name", "kinds"),
    [
        ("both", "both", [Kind.CONTAINER, Kind.LIVE]),
        ("abcdic-both", "both", [Kind.CONTAINER]),
        ("abcdik-both", "both", [Kind.LIVE]),
        ("abcdik4demo", "abcd4demo", [Kind.LIVE]),
        ("./here.toml", "here", [Kind.CONTAINER]),
        ("~/here.toml", "here", [Kind.CONTAINER]),
        ("./My Live.v2.iso", "my-live", [Kind.LIVE]),
        ("nginx:1.27", "nginx", [Kind.CONTAINER]),
        ("postgres:16", "postgres", [Kind.CONTAINER]),
        ("docker.io/library/nginx", "nginx", [Kind.CONTAINER]),
        ("localhost:5000/a/my_image:x", "my-image", [Kind.CONTAINER]),
        ("quay.io/a/b@sha256:" + "0" * 64, "b", [Kind.CONTAINER]),
    ],
)
def test_image(word: str, name: str, kinds: list[Kind], write: Write, home: Path) -> None:
    write("both", "[abcdic]\n[abcdik]")
    write("here", "[abcdic]", folder=home)
    write("here", "[abcdic]", folder=Path.cwd())
    Path("My Live.v2.iso").touch()
    target = resolve(word)
    assert target.profile.name == name
    assert [variant.kind for variant in target.variants] == kinds


@pytest.mark.parametrize("archive", [False, True])
def test_images_on_disk_expose_their_ports(archive: bool, home: Path) -> None:
    path = write_layout(Path("thing"), ports=["8080/tcp", "22/tcp", "53/udp"], archive=archive)
    target = resolve(f"./{path.name}")
    assert target.variants[0].archive == path.absolute()
    assert target.profile.services == (
        Service("port-22", 22, "ssh"),
        Service("port-8080", 8080, "http", open=True),
    )
    assert target.profile.ready == Ready("port-8080", lenient=True)
    assert not target.exposed


def test_references_expose_what_the_engine_finds(home: Path) -> None:
    target = resolve("nginx:1")
    assert target.exposed
    assert target.variants[0].image == "nginx:1"
    assert resolve("a/nginx").variants[0].image == "a/nginx:latest"


@pytest.mark.parametrize("word", ["docker.io/library/nginx:latest", "a/nginx", "nginx:1"])
def test_a_file_called_like_a_reference_changes_nothing(word: str, home: Path) -> None:
    assert not resolve(word).notes
    write_layout(Path(word), ports=["1/tcp"])
    target = resolve(word)
    assert target.variants[0].archive is None
    assert target.variants[0].image.startswith(word)
    assert f"abcd-run ./{word}" in target.notes[0]
    assert resolve(f"./{word}").variants[0].archive == Path(word).absolute()
    assert not resolve(f"./{word}").notes


def test_the_note_is_told(home: Path, web: Path, run: Any, engine: Any) -> None:
    write_layout(Path("a/nginx"), ports=["1/tcp"])
    ended = run("--dry-run", "a/nginx")
    assert ended.status == 0
    assert "abcd-run ./a/nginx runs the file" in ended.err


def test_a_bare_word_is_no_file_but_the_file_is_named(home: Path) -> None:
    write_layout(Path("thing"), ports=["1/tcp"])
    with pytest.raises(AbcdRunError, match="thing") as caught:
        resolve("thing")
    assert "abcd-run ./thing" in caught.value.remedy


@pytest.mark.parametrize("name", ["x.iso", "x.tar", "x"])
def test_a_pipe_is_not_an_image(name: str, home: Path) -> None:
    os.mkfifo(name)
    with pytest.raises(ArtifactError, match="neither a file"):
        resolve(f"./{name}")


def test_a_file_gets_a_name_that_no_reference_means(home: Path) -> None:
    write_layout(Path("nginx.oci"), ports=["1/tcp"], archive=True).rename("nginx.oci.tar")
    target = resolve("./nginx.oci.tar")
    got = image_word.source(target.profile, target.variants[0], lambda _: None)
    assert got.name == "localhost/file-nginx:latest"


@pytest.mark.parametrize(
    ("word", "origin"),
    [
        ("docker.io/library/nginx:latest", Origin.REGISTRY),
        ("nginx@sha256:" + "0" * 64, Origin.REGISTRY),
        ("nginx:1", Origin.REGISTRY),
        ("r.example/abcdic-x", Origin.REGISTRY),
        ("abcdic-x:latest", Origin.STORE),
        ("localhost/abcdic-x", Origin.STORE),
    ],
)
def test_what_is_stored_answers_for_nobody_elses_image(
    word: str, origin: Origin, home: Path
) -> None:
    target = resolve(word)
    got = image_word.source(target.profile, target.variants[0], lambda _: {})
    assert got.origin == origin


def test_a_pinned_image_of_a_profile_is_not_replaced_by_a_built_one(write: Write) -> None:
    image = "r.example/x@sha256:" + "0" * 64
    write("x", f"[abcdic]\nimage = '{image}'")
    assert _source({}) == (Origin.REGISTRY, image)


def test_a_fetched_image_is_not_taken_for_a_built_one(home: Path) -> None:
    store = Store(xdg.store())
    store.add(write_layout(Path("l"), ports=[]), "docker.io/library/abcdic-x:latest")
    assert image_word.stored("abcdic-x") is None
    store.add(Path("l"), "abcdic-x")
    assert image_word.stored("abcdic-x") is not None


@pytest.mark.parametrize(
    ("exposed", "ports"),
    [
        (["80/tcp", "80", "53/udp", "x", "0/tcp", "65536", "9" * 5000, "\u0663"], [80]),
        ([], []),
    ],
)
def test_exposed_ports(exposed: list[str], ports: list[int]) -> None:
    assert image_ports.exposed_tcp(exposed) == ports


def test_too_many_ports(home: Path) -> None:
    with pytest.raises(ArtifactError, match="300 ports") as caught:
        image_ports.exposed_tcp([f"{port}/tcp" for port in range(1, 301)])
    assert "--set" in caught.value.remedy


def test_a_profile_wins_over_a_file_of_its_name(web: Path) -> None:
    Path("web").mkdir()
    assert resolve("web").profile.origin == str(web)
    with pytest.raises(ArtifactError, match="not an image"):
        resolve("./web")


def test_changes_to_an_image_without_a_profile(home: Path) -> None:
    changes = {"services": {"page": {"port": 9}}, "ready": {"service": "page"}}
    target = resolve("nginx:1", changes=changes)
    assert target.profile.services == (Service("page", 9),)
    assert not target.exposed
    assert target.profile.ready == Ready("page")


@pytest.mark.parametrize(
    ("text", "stored", "source"),
    [
        ("[abcdic]", "", (Origin.REGISTRY, "localhost/abcdic-x:latest")),
        ("[abcdic]\nimage = 'r.example/x:1'", "", (Origin.REGISTRY, "r.example/x:1")),
        ("[abcdic]\nimage = 'r.example/x:1'", "abcdic-x", (Origin.STORE, "abcdic-x")),
        ("[abcdic]\narchive = '/x.tar'", "abcdic-x", (Origin.FILE, "/x.tar")),
        ("[abcdik]\niso = '/x.iso'", "abcdik-x", (Origin.ISO, "/x.iso")),
    ],
)
def test_source(text: str, stored: str, source: tuple[Origin, str], write: Write) -> None:
    write("x", text)
    target = resolve("x")
    got = image_word.source(
        target.profile, target.variants[0], lambda name: {} if name == stored else None
    )
    assert (got.origin, got.location) == source


def test_a_recipe_is_a_source(write: Write) -> None:
    folder = write("x", "[abcdic]\nimage = 'r.example/x:1'").with_suffix("")
    (folder / "abcdic").mkdir(parents=True)
    assert _source(None) == (Origin.REGISTRY, "r.example/x:1")
    (folder / "abcdic" / "Containerfile").touch()
    assert _source(None) == (Origin.RECIPE, str(folder))


def test_a_recipe_that_has_changed_is_built_again(write: Write) -> None:
    folder = write("x", "[abcdic]").with_suffix("")
    (folder / "abcdic").mkdir(parents=True)
    (folder / "abcdic" / "Containerfile").write_text("FROM scratch")
    wanted = resolve("x").profile.recipe
    assert wanted is not None
    built = {recipe.LABEL: recipe.digest(wanted, Kind.CONTAINER)}
    assert _source(built) == (Origin.STORE, "abcdic-x")
    (folder / "abcdic" / "Containerfile").write_text("FROM scratch\nUSER abcd")
    assert _source(built) == (Origin.RECIPE, str(folder))
    assert _source(built, fresh=False) == (Origin.STORE, "abcdic-x")
    # An image that somebody else put there under that name is theirs to renew.
    assert _source({}) == (Origin.STORE, "abcdic-x")


def _source(labels: dict[str, str] | None, *, fresh: bool = True) -> tuple[Origin, str]:
    target = resolve("x")
    got = image_word.source(target.profile, target.variants[0], lambda _: labels, fresh=fresh)
    return got.origin, got.location


def test_exposed_ports_are_ports_and_not_too_many() -> None:
    ports = ["80/tcp", "80", "22/tcp", "53/udp", "0/tcp", "70000", "9" * 5000, "\u0663", "a-b"]
    assert image_ports.exposed_tcp(ports) == [22, 80]
    with pytest.raises(ArtifactError, match="exposes 65535 ports") as caught:
        image_ports.exposed_tcp([f"{port}/tcp" for port in range(1, 65536)])
    assert "--set services." in caught.value.remedy
