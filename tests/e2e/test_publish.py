"""An image behind one reference of a real registry, launched from there with nothing of its own."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from abcd_run.testing.cli import abcd_run, http_status
from tests.e2e import registry
from tests.e2e.registry import Shelf
from tests.engines_here import need

NAME = f"family-{os.getpid()}"
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/images"
runroot = "{folder}/run"
"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A registry of this module's own."""
    need("podman")
    with registry.running(tmp_path_factory.mktemp("registry")) as shelf:
        yield shelf


def publish(image: str, reference: str) -> dict[str, Any]:
    """Publish an image, built before if need be."""
    done = abcd_run("--json", "publish", image, reference, within=600)
    assert done.status == 0, done.err
    published: dict[str, Any] = done.json["published"]
    return published


@pytest.fixture(scope="module")
def demo(shelf: Shelf) -> dict[str, Any]:
    """The demo, published there."""
    return publish("abcd4demo", f"{shelf.address}/family/abcd4demo:1")


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody whose caches and whose Podman are empty, and who has no profiles of their own."""
    (tmp_path / "storage.conf").write_text(STORAGE.format(folder=tmp_path))
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    monkeypatch.chdir(tmp_path)
    yield
    # Files there belong to other ids: of all users, only root of the namespace may remove them.
    subprocess.run(["podman", "unshare", "rm", "-rf", tmp_path / "images"], check=False)


@contextmanager
def launched(*words: str) -> Iterator[list[dict[str, Any]]]:
    """Launch, which must succeed, and stop what was launched at the end."""
    done = abcd_run("--json", "--name", NAME, *words)
    names = [one["name"] for one in done.json["instances"]]
    try:
        assert done.status == 0, done.err
        yield done.json["instances"]
    finally:
        if names:
            abcd_run("stop", *names)


def page(instance: dict[str, Any]) -> int:
    """Return the status of an instance's page."""
    (url,) = (one["url"] for one in instance["endpoints"] if one["service"] == "web")
    return http_status(url, user="abcd", password=instance["password"])[0]


@pytest.mark.usefixtures("stranger")
def test_somebody_with_an_empty_cache_launches_it(shelf: Shelf, demo: dict[str, Any]) -> None:
    need("podman", "libvirt")
    with launched("--on", "podman,libvirt", demo["reference"]) as instances:
        assert [one["variant"] for one in instances] == ["abcdic4demo", "abcdik4demo"]
        assert {one["stage"] for one in instances} == {"ready"}
        assert [page(one) for one in instances] == [200, 200]
    (known,) = abcd_run("--json", "images").json["families"]
    assert known["digest"] == demo["digest"]
    assert [one["here"] for one in known["variants"]] == [True, True]
    with launched("--on", "podman", "--pull", "never", demo["pinned"]) as (again,):
        assert page(again) == 200


@pytest.mark.usefixtures("stranger")
def test_podman_itself_gets_the_container(shelf: Shelf, demo: dict[str, Any]) -> None:
    subprocess.run(
        ["podman", "pull", "--quiet", "--tls-verify=false", demo["reference"]], check=True
    )
    labels = subprocess.check_output(
        ["podman", "image", "inspect", "--format", "{{json .Labels}}", demo["reference"]]
    )
    assert json.loads(labels)["org.opencontainers.image.title"] == "abcdic4demo"


def layers(shelf: Shelf, published: dict[str, Any]) -> set[str]:
    """Return the layers of all variants of a published image."""
    manifests = [json.loads(shelf.blob(one["digest"]).read_text()) for one in published["variants"]]
    return {layer["digest"] for one in manifests for layer in one["layers"]}


def test_a_child_uploads_only_what_is_new(shelf: Shelf, demo: dict[str, Any]) -> None:
    before = shelf.uploads()
    child = publish("abcd4demo-desktop", f"{shelf.address}/family/abcd4demo-desktop:1")
    new = shelf.uploads() - before
    common = layers(shelf, child) & layers(shelf, demo)
    assert common
    assert not common & new
    assert layers(shelf, child) - common <= new
    assert child["uploaded"] < child["size"]
    again = publish("abcd4demo-desktop", f"{shelf.address}/family/abcd4demo-desktop:2")
    assert (again["uploaded"], again["digest"]) == (0, child["digest"])
    assert shelf.uploads() - before == new


@contextmanager
def tampered(file: Path) -> Iterator[None]:
    """Change a letter of a file until the end of the block."""
    good = file.read_bytes()
    file.write_bytes(good[:-2] + bytes([good[-2] ^ 1]) + good[-1:])
    try:
        yield
    finally:
        file.write_bytes(good)


@pytest.mark.usefixtures("stranger")
def test_a_tampered_layer_is_refused_by_name(shelf: Shelf, demo: dict[str, Any]) -> None:
    manifest = json.loads(shelf.blob(demo["variants"][0]["digest"]).read_text())
    layer = manifest["layers"][-1]["digest"]
    with tampered(shelf.blob(layer)):
        done = abcd_run("--json", "--on", "podman", "--name", NAME, demo["reference"])
    assert done.status == 4
    (error,) = done.json["errors"]
    assert layer in error["message"]
    assert "refused" in error["message"]
    assert error["remedy"]


@pytest.mark.usefixtures("stranger")
def test_a_tampered_index_is_refused_by_name(shelf: Shelf, demo: dict[str, Any]) -> None:
    with tampered(shelf.blob(demo["digest"])):
        done = abcd_run("--json", "--on", "podman", "--name", NAME, demo["pinned"])
    assert done.status == 4
    (error,) = done.json["errors"]
    assert demo["digest"] in error["message"]
    assert "refused" in error["message"]


@pytest.mark.usefixtures("stranger")
def test_a_tampered_profile_is_refused_by_name(shelf: Shelf, demo: dict[str, Any]) -> None:
    entries = json.loads(shelf.blob(demo["digest"]).read_text())["manifests"]
    profile = json.loads(shelf.blob(entries[-1]["digest"]).read_text())["layers"][0]["digest"]
    with tampered(shelf.blob(profile)):
        done = abcd_run("--json", "--on", "podman", "--name", NAME, demo["reference"])
    assert done.status == 4
    assert profile in done.json["errors"][0]["message"]


def test_an_archive_needs_no_network(
    tmp_path: Path, stranger: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "demo.oci.tar"
    with monkeypatch.context() as own:
        own.delenv("XDG_CACHE_HOME")
        publish("abcd4demo", f"oci-archive:{archive}")
    words = ("--json", "--dry-run", "--on", "podman", str(archive))
    (plan,) = abcd_run(*words).json["plans"]
    assert (plan["image"], plan["variant"]) == ("abcd4demo", "abcdic4demo")
    with launched("--on", "podman", "--pull", "never", str(archive)) as (one,):
        assert page(one) == 200


def test_a_registry_that_is_down(shelf: Shelf) -> None:
    port = registry.free_port()
    done = abcd_run("--json", "publish", "abcd4demo", f"127.0.0.1:{port}/x:1")
    assert done.status == 4
    (error,) = done.json["errors"]
    assert error["message"] == f"127.0.0.1:{port} does not answer"
    assert error["remedy"]
