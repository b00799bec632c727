"""Launch what somebody published, with a registry that is a folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from abcd_run.commands import offered, options
from abcd_run.host import xdg
from abcd_run.model import Format, Origin
from abcd_run.oci import fetched
from abcd_run.oci.blobs import digest_of
from abcd_run.oci.store import Store
from abcd_run.runtime import Problem
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine
from tests.unit.family.shelf import REFERENCE, asked
from tests.unit.oci.making import Tar, layout

Run = Callable[..., Ended]
Write = Callable[..., Path]
Engines = Callable[..., list[FakeEngine]]


def test_a_host_with_an_empty_cache(
    elsewhere: dict[str, Any], shelf: Path, run: Run, engine: FakeEngine
) -> None:
    ended = run("--json", REFERENCE)
    assert ended.status == 0, ended.err
    (one,) = ended.json["instances"]
    assert (one["image"], one["variant"], one["name"]) == ("web", "abcdic-web", "web-fake-1")
    (held,) = engine.held.values()
    source = held.plan.source
    assert source.origin is Origin.REGISTRY
    assert source.location == f"127.0.0.1:5000/family/web@{elsewhere['variants'][0]['digest']}"
    assert source.name.startswith("localhost/fetched-abcdic-web-")
    assert held.plan.options == {"flavour": "sweet", "turbo": True}
    assert held.plan.seed.ssh_key == ""
    before = asked(shelf)
    assert run("--json", "--pull", "never", REFERENCE).status == 0
    assert asked(shelf) == before
    pinned = run("--json", elsewhere["pinned"])
    assert pinned.status == 0, pinned.err
    assert asked(shelf) == before


def test_a_machine_gets_its_variant(elsewhere: dict[str, Any], run: Run, engines: Engines) -> None:
    _, machine = engines("box", "machine")
    machine.accepts = (Format.ISO,)
    plans = run("--json", "--dry-run", "--on", "box,machine", REFERENCE).json["plans"]
    assert [one["variant"] for one in plans] == ["abcdic-web", "abcdik-web"]
    only = run("--json", "--dry-run", "--on", "machine", elsewhere["pinned"]).json["plans"]
    assert [one["variant"] for one in only] == ["abcdik-web"]


def test_options_that_need_trust_are_not_used(
    elsewhere: dict[str, Any], run: Run, engine: FakeEngine
) -> None:
    engine.trusts = lambda options: (
        Problem("turbo reaches the host") if "turbo" in options else None
    )
    ended = run("--json", "--rootful", REFERENCE)
    assert ended.status == 0
    (held,) = engine.held.values()
    assert held.plan.options == {"flavour": "sweet"}
    assert f"on.fake.turbo of {REFERENCE} is not used: turbo reaches the host" in ended.err
    engine.trusts = lambda options: Problem("both do") if len(options) == 2 else None
    assert "on.fake.flavour, on.fake.turbo of" in run("--dry-run", REFERENCE).err
    engine.options = {}
    assert "unknown key" in run("--dry-run", REFERENCE).err


def test_the_users_own_changes_count(
    elsewhere: dict[str, Any], run: Run, engine: FakeEngine
) -> None:
    ended = run("--json", "--memory", "7MiB", "--set", "on.fake.flavour=sour", REFERENCE)
    assert ended.status == 0, ended.err
    (held,) = engine.held.values()
    assert held.plan.options["flavour"] == "sour"
    assert held.plan.resources.memory == 7 << 20


def test_images_and_pull_know_it(elsewhere: dict[str, Any], run: Run, engine: FakeEngine) -> None:
    assert run("--json", "images").json["families"] == []
    assert run("pull", REFERENCE).status == 0
    (known,) = run("--json", "images").json["families"]
    assert known == {
        "reference": REFERENCE,
        "image": "web",
        "digest": elsewhere["digest"],
        "variants": [
            {"name": "abcdic-web", "here": True}, {"name": "abcdik-web", "here": False},
        ],
    }  # fmt: skip
    assert REFERENCE in run("images").out
    (ready, *_) = run("--json", REFERENCE).json["instances"]
    assert ready["stage"] == "ready"


@pytest.mark.parametrize("target", ["oci-archive:web.tar", "oci:web-layout"])
def test_offline(
    target: str, images: Path, shelf: Path, run: Run, engines: Engines, home: Path
) -> None:
    box, machine = engines("box", "machine")
    machine.accepts = (Format.ISO,)
    done = run("--json", "publish", "web", target)
    assert done.status == 0, done.err
    word = done.json["published"]["word"]
    assert word == "./" + target.partition(":")[2]
    (home / "bin" / "skopeo").unlink()
    plans = run("--json", "--dry-run", "--on", "box,machine", word).json["plans"]
    assert [one["variant"] for one in plans] == ["abcdic-web", "abcdik-web"]
    ended = run("--json", "--on", "box", word)
    assert ended.status == 0, ended.err
    (held,) = box.held.values()
    assert held.plan.source.digest == done.json["published"]["variants"][0]["digest"]


def test_a_plain_image_is_asked_about_once(shelf: Path, run: Run, engine: FakeEngine) -> None:
    plain = json.dumps({"schemaVersion": 2, "layers": [], "config": {}}).encode()
    blob = shelf / "blobs" / "sha256" / digest_of(plain).removeprefix("sha256:")
    blob.parent.mkdir(parents=True)
    blob.write_bytes(plain)
    (shelf / "tags.json").write_text(json.dumps({"r.example/x:1": digest_of(plain)}))
    for _ in range(2):
        assert run("--json", "--dry-run", "r.example/x:1").status == 0
    assert len(asked(shelf)) == 1
    assert run("--json", "--dry-run", "--pull", "always", "r.example/x:1").status == 0
    assert len(asked(shelf)) == 2


@pytest.mark.parametrize("word", ["nginx:1", "a/nginx", "web", "localhost/nginx:1"])
def test_nobody_is_asked_about_other_words(
    word: str, images: Path, shelf: Path, run: Run, engine: FakeEngine
) -> None:
    assert run("--dry-run", word).status == 0
    assert asked(shelf) == []


def test_a_silent_registry_is_the_engines_business(shelf: Path, run: Run, engines: Engines) -> None:
    _, machine = engines("box", "machine")
    machine.accepts = (Format.ISO,)
    (shelf / "refusal").write_text("connect: connection refused")
    ended = run("--on", "box", "r.example/x:1")
    assert ended.status == 0
    assert "r.example does not answer: it is taken for a plain container image" in ended.err
    assert "taken for" not in run("--on", "box", "--pull", "never", "r.example/x:1").err
    ended = run("--json", "--on", "machine", "r.example/x:1")
    assert ended.status == 3
    (error,) = ended.json["errors"]
    assert "r.example does not answer" in error["message"]
    assert "--pull never" in error["remedy"]


def test_a_refusal_on_loopback_is_told(shelf: Path, run: Run, engine: FakeEngine) -> None:
    ended = run("--json", "127.0.0.1:5000/nosuch:1")
    assert ended.status == 4
    (error,) = ended.json["errors"]
    assert error["message"] == "127.0.0.1:5000 has no 127.0.0.1:5000/nosuch:1"
    assert error["remedy"] == "skopeo list-tags docker://127.0.0.1:5000/nosuch"


def test_a_tampered_index_is_refused_by_name(
    elsewhere: dict[str, Any], shelf: Path, run: Run, engine: FakeEngine
) -> None:
    blob = shelf / "blobs" / "sha256" / elsewhere["digest"].removeprefix("sha256:")
    blob.write_bytes(blob.read_bytes().replace(b"abcdik", b"abcdiz"))
    ended = run("--json", elsewhere["pinned"])
    assert ended.status == 4
    assert elsewhere["pinned"] in ended.json["errors"][0]["message"]
    assert engine.held == {}


def test_a_tampered_layer_is_refused_by_name(
    elsewhere: dict[str, Any], shelf: Path, run: Run, engine: FakeEngine
) -> None:
    digest = elsewhere["variants"][0]["digest"].removeprefix("sha256:")
    manifest = json.loads((shelf / "blobs" / "sha256" / digest).read_text())
    layer = manifest["layers"][0]["digest"]
    (shelf / "blobs" / "sha256" / layer.removeprefix("sha256:")).write_bytes(b"something else")
    ended = run("--json", REFERENCE)
    assert ended.status == 4
    assert layer in ended.json["errors"][0]["message"]
    assert engine.held == {}


def test_references_are_completed(elsewhere: dict[str, Any], run: Run, engine: FakeEngine) -> None:
    run("pull", REFERENCE)
    assert options.complete_reference("127.") == [REFERENCE]
    assert options.complete_reference("oci-") == ["oci-archive:"]
    assert (REFERENCE, "") in offered.images("127.")


def test_prune_forgets_what_a_reference_has_left_behind(
    elsewhere: dict[str, Any], images: Path, write: Write, run: Run, engine: FakeEngine
) -> None:
    run("pull", REFERENCE)
    store, old = Store(xdg.store()), elsewhere["variants"][0]["digest"]
    place = f"127.0.0.1:5000/family/web@{old}"
    iso = xdg.cache() / "iso" / f"fetched-abcdik-web-{fetched._key(place)}-{'0' * 16}-1.iso"
    iso.parent.mkdir(exist_ok=True)
    iso.touch()
    run("prune")
    assert place in store.names()
    assert iso.exists()
    (images / "new").mkdir()
    layout(images / "new" / "ic", Tar().file("other", b"3"))
    write("web", f'[abcdic]\narchive = "{images}/new/ic"')
    assert run("publish", "./../.config/abcd-run/profiles/web.toml", REFERENCE).status == 0
    run("pull", REFERENCE)
    assert place in store.names()
    run("prune")
    assert place not in store.names()
    assert store.names() != []
    assert not iso.exists()
