"""Every bad input ends in an error with a remedy, within 512 MiB and 10 s."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.oci import decompress, spool
from abcd_run.oci.reader import open_image
from tests.unit.oci import bombs
from tests.unit.oci.making import Tar, layout, tar_of
from tests.unit.oci.measured import measured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[[Path], Path]

pytestmark = pytest.mark.slow

LISTS = b"[" + b",".join([b"[]"] * 2_000_000) + b"]"

CASES: dict[str, tuple[str, Make, str]] = {
    "extension headers without an entry": (
        "streamed",
        bombs.of_tar(bombs.many_extensions),
        "extension header of",
    ),
    "long names without an entry": (
        "streamed",
        bombs.of_tar(bombs.many_long_names),
        "more than 16 extension headers",
    ),
    "pax records of folders": ("streamed", bombs.of_tar(bombs.pax_of_folders), "too large"),
    "folders that names imply": (
        "streamed",
        bombs.of_tar(bombs.folders_of_one_name),
        "too large",
    ),
    "folders in each other": ("streamed", bombs.of_tar(bombs.deep_folders), "256 folders deep"),
    "links to walk": ("streamed", bombs.of_tar(bombs.links_to_walk), "steps"),
    "links that make long paths": (
        "streamed",
        bombs.of_tar(bombs.links_that_lengthen),
        "links make a path of",
    ),
    "sparse maps": ("streamed", bombs.of_tar(bombs.sparse_map), "without a name"),
    "a million files": ("streamed", bombs.of_tar(bombs.a_million_files), "too large"),
    "zeros in a layer": ("streamed", bombs.zeros(100), "expands to more than"),
    "empty gzip members": ("streamed", bombs.empty_members, "nearly empty"),
    "a sparse layer": ("streamed", bombs.sparse_layer, "expands to more than"),
    "indexes in each other": ("opened", bombs.nested, ""),
    "indexes in each other, pruned": ("collected", bombs.nested, ""),
    "a sparse index": ("opened", bombs.sparse_index, "too large"),
    "a sparse index, pruned": ("collected", bombs.sparse_index, "too large"),
    "an index of lists": ("opened", bombs.of_index(LISTS), "too large"),
    "a deep index": ("opened", bombs.of_index(b'{"a":' * 900 + b"1" + b"}" * 900), "64 levels"),
    "a very deep index": ("opened", bombs.of_index(b"[" * 100_000), "is not JSON"),
    "a deep descriptor": (
        "opened",
        bombs.of_index(b'{"manifests":[' + b"[" * 900 + b"]" * 900 + b"]}"),
        "64 levels",
    ),
    "a very deep manifest.json": ("opened", bombs.docker(b"[" * 100_000), "is not JSON"),
    "half a character": ("opened", bombs.of_index(b'{"manifests":["\\ud800"]}'), "not JSON"),
    "layers that are a number": (
        "opened",
        bombs.docker(b'[{"Config":"c","Layers":5}]', "c"),
        "bad manifest.json",
    ),
    "tags that are a number": (
        "opened",
        bombs.docker(b'[{"Config":"c","Layers":[],"RepoTags":5}]', "c"),
        "bad manifest.json",
    ),
    "images that are a number": ("opened", bombs.docker(b"5"), "bad manifest.json"),
    "members of an archive": ("opened", bombs.members, "too large"),
    "layers of a manifest that are a number": ("opened", bombs.of_manifest(layers=5), "missing"),
    "layers that are a number, pruned": ("collected", bombs.of_manifest(layers=5), ""),
    "an escape in a name": ("opened", bombs.docker(b'[{"Config":"\\u001b]0;x"}]'), r"\x1b]0;x"),
}
for place, what in (("index.json", "not an image"), ("layer", "is missing"), ("", "not a regular")):
    for kind in ("pipe", "folder", "device", "socket", "terminal"):
        archive = not place
        if not (archive and kind == "folder"):
            make_it = bombs.instead(place, kind, archive=archive)
            CASES[f"a {kind} instead of {place or 'an archive'}"] = ("streamed", make_it, what)


@pytest.mark.parametrize("name", CASES)
def test_bounded(tmp_path: Path, name: str) -> None:
    what, make_it, says = CASES[name]
    path = make_it(tmp_path)
    said = measured(what, path).said
    assert says in said
    assert not says or "→ " in said
    assert "\x1b" not in said


def test_good_images_are_not_refused(tmp_path: Path) -> None:
    path = layout(tmp_path / "l", Tar().folder("d").file("d/x", b"1"))
    assert measured("streamed", path).said == ""
    assert (
        measured("converted", layout(tmp_path / "m", Tar().file("bin/sh"), Cmd=["sh"])).said == ""
    )
    assert measured("collected", path).said == ""


def test_a_compressed_archive_is_not_spooled_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decompress, "EXPANSION_FREE", 1 << 24)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(bytes(1 << 20)) * 1000)
    with pytest.raises(ArtifactError, match="expands to more than") as caught:
        open_image(path)
    assert caught.value.remedy


def test_what_others_need_of_a_disk_is_left_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "RESERVED_BYTES", 1 << 60)
    monkeypatch.setattr(spool, "LOOK_BYTES", 1000)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    archive = tar_of(layout(tmp_path / "l", Tar().file("x")), tmp_path / "a.tar", "w:gz")
    with pytest.raises(ArtifactError, match="unpack") as caught:
        open_image(archive)
    assert "No space left" in caught.value.details
    assert "TMPDIR" in caught.value.remedy
