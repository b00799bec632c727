"""The root file system that a tab reads: an index of all names, and a file for each content."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import zstandard

from abcd_run.errors import ArtifactError
from abcd_run.oci.rootfs import scan
from abcd_run.site import root
from tests.unit.oci.making import Tar, image

Names = dict[str, list[Any]]


def tree(tmp_path: Path, *tars: Tar) -> tuple[Names, Path]:
    """Write a root; return its names by path, and the folder of its contents."""
    into = tmp_path / "files"
    into.mkdir()
    raw = root.write_root(scan(image(tmp_path / "layout", *tars)).tar(), into)
    index = json.loads(raw)
    assert index["version"] == 3
    return dict(names(index["fsroot"], "")), into


def names(listed: list[list[Any]], above: str) -> list[tuple[str, list[Any]]]:
    pairs = []
    for one in listed:
        pairs.append((above + one[0], one))
        if one[3] & 0o170000 == root.FOLDER:
            pairs += names(one[6], f"{above}{one[0]}/")
    return pairs


def content(named: list[Any], into: Path) -> bytes:
    packed = (into / named[6]).read_bytes()
    assert named[6] == f"{hashlib.sha256(packed).hexdigest()[:32]}.bin.zst"
    return zstandard.ZstdDecompressor().decompress(packed)


def test_every_name_has_its_owner_mode_time_and_content(tmp_path: Path) -> None:
    layer = Tar().folder("home", mode=0o755).folder("home/ana", mode=0o750, uid=1000, gid=1001)
    layer.file("home/ana/notes", b"words", mode=0o640, uid=1000, gid=1001, mtime=1700000000)
    layer.link("home/ana/link", "../notes")
    named, into = tree(tmp_path, layer)
    assert named["home/ana"][:6] == ["ana", 0, named["home/ana"][2], 0o40750, 1000, 1001]
    assert named["home/ana/notes"][:6] == ["notes", 5, 1700000000, 0o100640, 1000, 1001]
    assert content(named["home/ana/notes"], into) == b"words"
    assert named["home/ana/link"][3] & 0o170000 == root.LINK
    assert named["home/ana/link"][6] == "../notes"


def test_the_same_content_is_one_file(tmp_path: Path) -> None:
    layer = Tar().file("one", b"same").file("two", b"same").hard("three", "one").file("four", b"")
    named, into = tree(tmp_path, layer)
    assert named["one"][6] == named["two"][6] == named["three"][6]
    assert [content(named[name], into) for name in ("three", "four")] == [b"same", b""]
    assert len(list(into.iterdir())) == 2


def test_what_a_tab_cannot_use_is_left_out(tmp_path: Path) -> None:
    """The page loads the kernel itself, and the running system makes its devices."""
    layer = Tar().file("boot/vmlinuz", b"kernel").add("dev/null", tarfile.CHRTYPE)
    layer.add("pipe", tarfile.FIFOTYPE).file("etc/boot", b"kept")
    named, _ = tree(tmp_path, layer)
    assert set(named) == {"dev", "etc", "etc/boot"}


def test_the_same_image_gives_the_same_bytes(tmp_path: Path) -> None:
    layer = Tar().file("b/two", b"2" * 5000).file("a", b"1").link("c", "a")
    made = image(tmp_path / "layout", layer)
    written = []
    for number in ("1", "2"):
        into = tmp_path / number
        into.mkdir()
        index = root.write_root(scan(made).tar(), into)
        written.append((index, {path.name: path.read_bytes() for path in into.iterdir()}))
    assert written[0] == written[1]


def test_a_file_that_no_tab_could_hold_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root, "SITE_FILE_BYTES", 10)
    layer = Tar().file("small", b"1234567890").file("data/large", b"12345678901")
    with pytest.raises(ArtifactError) as caught:
        tree(tmp_path, layer)
    assert "data/large has 11 bytes" in caught.value.message
    assert caught.value.remedy
