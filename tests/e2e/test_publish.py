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
from tests.engines_here import USUAL_VIRTUALBOX, need

NAME = f"family-{os.getpid()}"


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


STORAGE = """
[storage]
driver = "overlay"
runroot = "{folder}/run"
graphroot = "{folder}/graph"
"""


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody whose caches and whose Podman are empty, and who has no profiles of their own."""
    monkeypatch.setenv(*USUAL_VIRTUALBOX)
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
        (tmp_path / name).mkdir()
    # Not the folder of mounts that the user's other Podman has: each would forget the other's.
    left = tmp_path / "containers"
    settings = tmp_path / "XDG_CONFIG_HOME" / "containers" / "storage.conf"
    settings.parent.mkdir()
    settings.write_text(STORAGE.format(folder=left))
    monkeypatch.chdir(tmp_path)
    yield
    # Files there belong to other ids: of all users, only root of the namespace may remove them.
    subprocess.run(["podman", "unshare", "rm", "-rf", left], check=False)


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
    # The tab's was not asked for.
    assert [one["here"] for one in known["variants"]] == [True, True, False]
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
def tampered(file: Path, old: bytes = b"", new: bytes = b"") -> Iterator[None]:
    """Replace some bytes of a file, or its last one, until the end of the block."""
    good = file.read_bytes()
    file.write_bytes(good.replace(old, new) if old else good[:-1] + bytes([good[-1] ^ 1]))
    try:
        yield
    finally:
        file.write_bytes(good)


def refusal(word: str) -> str:
    """Return why a launch is refused, which it must be."""
    done = abcd_run("--json", "--on", "podman", "--name", NAME, word)
    if done.json["instances"]:
        abcd_run("stop", NAME)
    assert done.status == 4, done.err
    (error,) = done.json["errors"]
    assert error["remedy"]
    message: str = error["message"]
    return message


@pytest.mark.usefixtures("stranger")
def test_what_is_tampered_with_is_refused_by_name(shelf: Shelf, demo: dict[str, Any]) -> None:
    index, variant = shelf.blob(demo["digest"]), demo["variants"][0]["digest"]
    profile_manifest = json.loads(index.read_text())["manifests"][-1]["digest"]
    (profile,) = json.loads(shelf.blob(profile_manifest).read_text())["layers"]
    layer = json.loads(shelf.blob(variant).read_text())["layers"][-1]
    for file, digest, change in (
        (index, demo["digest"], (b'abcdik"', b'abcdix"')),
        (shelf.blob(profile["digest"]), profile["digest"], ()),
        (shelf.blob(profile_manifest), profile_manifest, (b'"layers"', b'"layerz"')),
        (shelf.blob(layer["digest"]), layer["digest"], ()),
        (shelf.blob(variant), variant, (b'"schemaVersion":2', b'"schemaVersion": 2')),
    ):
        with tampered(file, *change):
            message = refusal(demo["pinned"])
        assert digest in message
        assert "refused" in message
    with launched("--on", "podman", demo["pinned"]) as (one,):
        assert page(one) == 200


def test_an_archive_needs_no_network(
    tmp_path: Path, stranger: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "demo.oci.tar"
    with monkeypatch.context() as own:
        own.delenv("XDG_CACHE_HOME")
        own.delenv("XDG_DATA_HOME")
        own.delenv("XDG_CONFIG_HOME")
        publish("abcd4demo", f"oci-archive:{archive}")
    words = ("--json", "--dry-run", "--on", "podman", str(archive))
    (plan,) = abcd_run(*words).json["plans"]
    assert (plan["image"], plan["variant"]) == ("abcd4demo", "abcdic4demo")
    with launched("--on", "podman", "--pull", "never", str(archive)) as (one,):
        assert page(one) == 200


POLICY = {"default": [{"type": "reject"}]}
"""Of somebody who launches only what is signed."""


def test_signatures(
    shelf: Shelf,
    demo: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    unsigned, signed = demo["reference"], f"{shelf.address}/signed/abcd4demo:1"
    home = tmp_path / "home"
    monkeypatch.setenv("GNUPGHOME", str(home / "gnupg"))
    key = _key(home / "gnupg")
    request.addfinalizer(lambda: _end_agent(home / "gnupg"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(_cache()))
    monkeypatch.setenv("HOME", str(home))
    _lookaside(home, shelf)
    done = abcd_run("publish", "--sign-by", key, "abcd4demo", signed)
    assert done.status == 0, done.err
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    policy = {"type": "signedBy", "keyType": "GPGKeys", "keyPath": str(home / "gnupg" / "key.asc")}
    whole = {**POLICY, "transports": {"docker": {shelf.address: [policy]}}}
    (home / ".config/containers/policy.json").write_text(json.dumps(whole))
    out = ("--json", "artifact", "--to", "oci", "-o", str(tmp_path / "out.tar"))
    assert abcd_run(*out, signed).status == 0
    refused = abcd_run(*out, unsigned)
    assert refused.status == 4
    assert "your policy wants a signature" in refused.json["errors"][0]["message"]


def _cache() -> Path:
    """Return the cache of the user that runs the tests, whatever HOME says later."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _key(folder: Path) -> str:
    """Make a GPG key without a passphrase, and return its fingerprint."""
    folder.mkdir(mode=0o700, parents=True)
    gpg = ["gpg", "--batch", "--quiet", "--passphrase", ""]
    subprocess.run(
        [*gpg, "--quick-generate-key", "author@example.org", "ed25519", "sign", "never"], check=True
    )
    subprocess.run([*gpg, "--export", "--armor", "--output", str(folder / "key.asc")], check=True)
    listed = subprocess.check_output([*gpg, "--list-secret-keys", "--with-colons"], text=True)
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))


def _end_agent(folder: Path) -> None:
    subprocess.run(["gpgconf", "--homedir", str(folder), "--kill", "gpg-agent"], check=True)


def _lookaside(home: Path, shelf: Shelf) -> None:
    """Say where signatures of this registry's images are kept."""
    folder = home / ".config/containers/registries.d"
    folder.mkdir(parents=True)
    place = f"file://{home}/signatures"
    text = f"docker:\n  {shelf.address}:\n    lookaside: {place}\n    sigstore: {place}\n"
    (folder / "tests.yaml").write_text(text)


def test_a_registry_that_is_down(shelf: Shelf) -> None:
    port = registry.free_port()
    done = abcd_run("--json", "publish", "abcd4demo", f"127.0.0.1:{port}/x:1")
    assert done.status == 4
    (error,) = done.json["errors"]
    assert error["message"] == f"127.0.0.1:{port} does not answer"
    assert error["remedy"]
