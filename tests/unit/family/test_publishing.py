"""Publish an image, with a registry that is a folder."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from abcd_run.concurrency.cancel import Token
from abcd_run.host import xdg
from abcd_run.oci.store import Store
from abcd_run.session import Session
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine
from tests.unit.family.shelf import PROFILE, REFERENCE, asked
from tests.unit.oci.making import Tar, layout
from tests.waiting import ends_soon

Run = Callable[..., Ended]
Write = Callable[..., Path]
Engines = Callable[..., list[FakeEngine]]


def test_what_is_published(images: Path, shelf: Path, run: Run, engine: FakeEngine) -> None:
    done = run("--json", "publish", "web", REFERENCE)
    answer = done.json["published"]
    assert [one["name"] for one in answer["variants"]] == ["abcdic-web", "abcdik-web"]
    assert answer["pinned"] == f"127.0.0.1:5000/family/web@{answer['digest']}"
    assert answer["uploaded"] == answer["size"] > 0
    assert json.loads((shelf / "tags.json").read_text()) == {REFERENCE: answer["digest"]}
    again = run("--json", "publish", "web", "127.0.0.1:5000/family/web:2").json["published"]
    assert (again["uploaded"], again["digest"]) == (0, answer["digest"])
    text = run("publish", "web", REFERENCE).out
    assert f"abcd-run {REFERENCE}" in text
    assert answer["digest"] in text
    assert not list((images.parent / ".cache" / "abcd-run" / "publish").iterdir())
    assert all("tls-verify=false" in line for line in asked(shelf))


def test_a_family_can_be_published_again(
    elsewhere: dict[str, Any], run: Run, engine: FakeEngine
) -> None:
    copied = run("--json", "publish", REFERENCE, "127.0.0.1:5000/copy/web:1").json["published"]
    assert copied["digest"] == elsewhere["digest"]
    assert copied["uploaded"] == 0


@pytest.mark.parametrize(
    ("image", "reference", "why"),
    [
        ("web", "-x", "not a reference"),
        ("web", "nginx", "not a reference"),
        ("web", "UPPER.example/x", "not a reference"),
        ("web", "r.example/x@sha256:" + "0" * 64, "under a digest"),
        ("web", "oci-archive:", "without a colon"),
        ("web", "oci-archive:a:b", "without a colon"),
        ("web", "oci-archive:nosuch/x.tar", "no such folder"),
        ("web", "oci-archive:.", "something else"),
        ("./thing", "r.example/x:1", "no profile"),
        ("nosuch", "r.example/x:1", "no image called"),
    ],
)
def test_wrong_use(
    image: str, reference: str, why: str, images: Path, shelf: Path, run: Run, engine: FakeEngine
) -> None:
    layout(Path("thing"), Tar().file("x", b"1"))
    ended = run("--json", "publish", "--", image, reference)
    assert ended.status in (2, 4)
    (error,) = ended.json["errors"]
    assert why in error["message"]
    assert error["remedy"]
    assert asked(shelf) == []


def test_what_has_only_an_iso_is_left_out(
    images: Path, shelf: Path, write: Write, run: Run, engine: FakeEngine
) -> None:
    text = PROFILE.format(folder=images).replace(f'archive = "{images}/ik"', 'iso = "x.iso"')
    write("web", text)
    ended = run("--json", "publish", "web", REFERENCE)
    assert [one["name"] for one in ended.json["published"]["variants"]] == ["abcdic-web"]
    assert "abcdik-web is not published" in ended.err


def test_a_registry_that_is_down_is_noticed_before_anything_is_built(
    images: Path, shelf: Path, write: Write, run: Run, engine: FakeEngine
) -> None:
    (shelf / "refusal").write_text("connect: connection refused")
    recipe = write("web", "[abcdic]").with_suffix("") / "abcdic"
    recipe.mkdir(parents=True)
    (recipe / "Containerfile").touch()
    ended = run("--json", "publish", "web", "r.example/x:1")
    assert ended.status == 4
    assert ended.json["errors"][0]["message"] == "r.example does not answer"
    assert "building" not in ended.err
    assert engine.calls.count("probe") == 0


def test_a_registry_without_tls(images: Path, shelf: Path, run: Run, engine: FakeEngine) -> None:
    (shelf / "refusal").write_text("http: server gave HTTP response to HTTPS client")
    ended = run("--json", "publish", "web", "r.example/x:1")
    assert ended.status == 4
    assert "--plain-http" in ended.json["errors"][0]["remedy"]
    (shelf / "refusal").unlink()
    ended = run("publish", "--plain-http", "web", "r.example/x:1")
    assert "abcd-run --plain-http r.example/x:1" in ended.out
    run("--plain-http", "--pull", "always", "r.example/x:1")
    (held,) = engine.held.values()
    assert held.plan.source.plain_http
    assert all("tls-verify=false" in line for line in asked(shelf)[1:])


def test_a_blob_that_was_damaged_here_is_built_or_fetched_again(
    images: Path, shelf: Path, write: Write, run: Run, engine: FakeEngine
) -> None:
    store = Store(xdg.store())
    stored = store.add(images / "ic", "abcdic-web")
    write("web", "[abcdic]")
    bad = stored.layers[0].blob.digest
    file = store.folder / "blobs" / "sha256" / bad.removeprefix("sha256:")
    file.write_bytes(b"x" * file.stat().st_size)
    ended = run("--json", "publish", "web", REFERENCE)
    assert ended.status == 4
    (error,) = ended.json["errors"]
    assert "damaged in the local store" in error["message"]
    assert bad in error["message"]
    assert "try again" in error["remedy"]
    assert not file.exists()


def test_an_interrupt_leaves_nothing(
    images: Path, home: Path, token: Token, shelf: Path, engine: FakeEngine
) -> None:
    (home / "bin" / "skopeo").write_text(
        "#!/bin/sh\ncase $* in *copy*) exec /bin/sleep 60 ;; *) exit 1 ;; esac\n"
    )
    Timer(0.3, token.set).start()
    with Session() as lab, ends_soon():
        lab.publish("web", REFERENCE)
    assert list((home / ".cache" / "abcd-run" / "publish").iterdir()) == []


def test_from_python(images: Path, shelf: Path, engine: FakeEngine) -> None:
    told = []
    with Session(progress=lambda event: told.append(event.text)) as lab:
        done = lab.publish("web", REFERENCE)
        assert done.digest in done.pinned
        assert [one.kind for one in done.variants] == ["abcdic", "abcdik"]
        assert lab.launch(done.pinned).instances[0].stage.name == "READY"
    assert any("7 of 7 blobs are there" in text for text in told)
    assert not any(os.environ["HOME"] in line for line in (shelf / "tags.json").read_text().split())
