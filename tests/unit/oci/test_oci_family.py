"""A family's index: made, read, refused; and its layout."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.limits import TEXT_BYTES
from abcd_run.oci import bundle, family
from abcd_run.oci.model import FAMILY_PROFILE, FAMILY_VARIANT, INDEX, MANIFEST
from abcd_run.oci.reader import entries_of, open_image
from abcd_run.oci.reference_parts import is_loopback, registry, repository
from abcd_run.oci.select import host_architecture
from tests.unit.oci.making import Tar, layout, sha

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("abcdic", "abcdik", "abcdib")
PROFILE = b'summary = "x"\n'


def made(folder: Path) -> tuple[bytes, dict[str, str]]:
    """Write a family's layout; return its index, and its variants' digests."""
    folder.mkdir(parents=True, exist_ok=True)
    common = Tar().file("base", b"base").bytes()
    ic = open_image(layout(folder / "ic", common, Tar().file("ic", b"1")))
    ik = open_image(layout(folder / "ik", common, Tar().file("ik", b"2")))
    (folder / "whole").mkdir()
    variants = [("abcdic", ic), ("abcdik", ik)]
    index = bundle.write(folder / "whole", "abcd4x", variants, PROFILE)
    return index, {"abcdic": ic.digest, "abcdik": ik.digest}


def test_it_reads_what_it_writes(tmp_path: Path) -> None:
    index, digests = made(tmp_path)
    described = family.read(index, "r.example/x:1", KINDS)
    assert described is not None
    assert (described.image, described.digest) == ("abcd4x", sha(index))
    assert {kind: one.digest for kind, one in described.variants.items()} == digests
    first, *_, last = json.loads(index)["manifests"]
    assert first["annotations"] == {FAMILY_VARIANT: "abcdic"}
    assert last["annotations"] == {FAMILY_PROFILE: "abcd4x"}
    assert last["platform"] == {"architecture": "unknown", "os": "unknown"}
    manifest = family.profile_manifest(PROFILE)
    assert sha(manifest) == described.profile.digest
    assert family.profile_layer(manifest, "x").digest == sha(PROFILE)


def test_the_layout_gives_any_engine_the_container(tmp_path: Path) -> None:
    _, digests = made(tmp_path)
    assert open_image(tmp_path / "whole").digest == digests["abcdic"]
    for digest in digests.values():
        assert open_image(tmp_path / "whole", digest).digest == digest
    with pytest.raises(ArtifactError, match="no image sha256:0"):
        open_image(tmp_path / "whole", "sha256:" + "0" * 64)
    _, entries = entries_of(tmp_path / "whole")
    assert [one.media_type for one in entries] == [INDEX]


def test_a_layer_that_variants_share_is_there_once(tmp_path: Path) -> None:
    made(tmp_path)
    blobs = list((tmp_path / "whole" / "blobs" / "sha256").iterdir())
    # Layers, configurations, manifests; the profile, its manifest, its configuration; the index.
    assert len(blobs) == 3 + 2 + 2 + 3 + 1
    linked = [one for one in blobs if one.stat().st_nlink > 1]
    assert len(linked) == 3 + 2 + 2


def entry(**more: Any) -> dict[str, Any]:
    return {"mediaType": MANIFEST, "digest": "sha256:" + "1" * 64, "size": 2, **more}


def profile(name: str = "abcd4x", **more: Any) -> dict[str, Any]:
    return entry(annotations={FAMILY_PROFILE: name}, **more)


def variant(kind: str = "abcdic", **more: Any) -> dict[str, Any]:
    return entry(annotations={FAMILY_VARIANT: kind}, **more)


def written(*entries: Any, **more: Any) -> bytes:
    return json.dumps({"schemaVersion": 2, "manifests": list(entries), **more}).encode()


@pytest.mark.parametrize(
    "index",
    [
        written(entry()),
        written(entry(annotations={"a": "b"})),
        json.dumps({"schemaVersion": 2, "config": {}, "layers": []}).encode(),
        written(profile(), mediaType=MANIFEST),
    ],
)
def test_a_plain_image_is_no_family(index: bytes) -> None:
    assert family.read(index, "r.example/x:1", KINDS) is None


@pytest.mark.parametrize(
    ("index", "why"),
    [
        (b"no json", "not JSON"),
        (b"[" * 100_000, "not JSON|too large"),
        (written(variant()), "0 profiles"),
        (written(variant(), profile(), profile()), "2 profiles"),
        (written(profile("../../etc")), "image's name"),
        (written(profile("x\x1b[2J")), "image's name"),
        (written(profile("x" * 101)), "image's name"),
        (written(variant(mediaType="text/html"), profile()), "not a manifest"),
        (written(variant(digest="sha256:../../x"), profile()), "not a digest"),
        (written(variant(size=-1), profile()), "malformed"),
        (written(variant(size="1"), profile()), "malformed"),
        (json.dumps({"manifests": {"a": 1}}).encode(), "list of descriptors"),
    ],
)
def test_what_makes_no_sense_is_refused(index: bytes, why: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        family.read(index, "r.example/x:1", KINDS)
    said = f"{caught.value.message} {caught.value.details}"
    assert any(part in said for part in why.split("|"))
    assert "r.example/x:1" in said or "digest" in said
    assert said.isprintable()


def test_other_machines_and_unknown_kinds_are_left_out() -> None:
    other = {"architecture": "s390x", "os": "linux"}
    this = {"architecture": host_architecture(), "os": "linux"}
    index = written(
        variant(platform=other, digest="sha256:" + "2" * 64),
        variant(platform=this),
        variant(platform=this, digest="sha256:" + "3" * 64),
        variant("abcdiz", platform=this),
        profile(),
    )
    described = family.read(index, "x", KINDS)
    assert described is not None
    assert {kind: one.digest for kind, one in described.variants.items()} == {
        "abcdic": "sha256:" + "1" * 64
    }


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        ([], "not one TOML file"),
        ([entry(), entry()], "not one TOML file"),
        ([entry(mediaType="text/plain")], "not one TOML file"),
        ([entry(mediaType=family.TOML, size=TEXT_BYTES + 1)], "more than"),
    ],
)
def test_a_profile_that_is_none_is_refused(layers: list[Any], why: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        family.profile_layer(json.dumps({"layers": layers}).encode(), "r.example/x:1")
    assert why in caught.value.details
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("reference", "host", "name", "near"),
    [
        ("127.0.0.1:5000/a/b:1", "127.0.0.1:5000", "127.0.0.1:5000/a/b", True),
        ("localhost:5000/b", "localhost:5000", "localhost:5000/b", True),
        ("127.0.0.1.example/b:1", "127.0.0.1.example", "127.0.0.1.example/b", False),
        ("r.example/b@sha256:00", "r.example", "r.example/b", False),
        ("r.example:1/b:1@sha256:00", "r.example:1", "r.example:1/b", False),
        ("localhost/b:1", "", "localhost/b", False),
        ("nginx:1", "", "nginx", False),
        ("a/nginx", "", "a/nginx", False),
    ],
)
def test_the_parts_of_a_reference(reference: str, host: str, name: str, near: bool) -> None:
    assert (registry(reference), repository(reference)) == (host, name)
    assert is_loopback(reference) == near
