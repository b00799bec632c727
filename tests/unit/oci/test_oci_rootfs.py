"""Flatten layers: one rule at a time."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.oci import tarformat
from abcd_run.oci.rootfs import exists, read_file, scan
from abcd_run.oci.tarwrite import Extra
from tests.unit.oci.listing import flat, members
from tests.unit.oci.making import Tar, image

if TYPE_CHECKING:
    from pathlib import Path


def names(tmp_path: Path, *tars: Tar | bytes) -> set[str]:
    return set(members(image(tmp_path, *tars))) - {""}


def content(tmp_path: Path, path: str, *tars: Tar) -> bytes:
    out = io.BytesIO()
    read_file(image(tmp_path, *tars), path, out)
    return out.getvalue()


def test_later_layers_win(tmp_path: Path) -> None:
    layers = Tar().file("a", b"1").file("b", b"1"), Tar().file("./a", b"2")
    assert names(tmp_path, *layers) == {"a", "b"}
    assert content(tmp_path, "/a", *layers) == b"2"


@pytest.mark.parametrize("first", [True, False])
def test_whiteout_acts_below_whatever_its_place(tmp_path: Path, first: bool) -> None:
    lower = Tar().folder("d").file("d/x", b"1").file("d/y", b"1").file("z")
    upper = Tar()
    if first:
        upper.file("d/.wh.x").file(".wh.z")
    upper.file("d/x", b"2")
    if not first:
        upper.file("d/.wh.x").file(".wh.z")
    assert names(tmp_path, lower, upper) == {"d", "d/x", "d/y"}
    assert content(tmp_path, "/d/x", lower, upper) == b"2"


@pytest.mark.parametrize("first", [True, False])
def test_opaque_directory(tmp_path: Path, first: bool) -> None:
    lower = Tar().folder("d").folder("d/e").file("d/e/x").file("d/y")
    upper = Tar().folder("d")
    if first:
        upper.file("d/.wh..wh..opq")
    upper.file("d/new")
    if not first:
        upper.file("d/.wh..wh..opq")
    assert names(tmp_path, lower, upper) == {"d", "d/new"}


def test_whiteout_of_a_directory_that_comes_back(tmp_path: Path) -> None:
    lower = Tar().folder("d", uid=7).file("d/old")
    upper = Tar().file(".wh.d").folder("d", uid=8).file("d/new")
    entries = members(image(tmp_path, lower, upper))
    assert set(entries) == {"", "d", "d/new"}
    assert entries["d"].uid == 8


def test_whiteouts_of_nothing_and_of_aufs(tmp_path: Path) -> None:
    upper = Tar().file(".wh.no").file("no/.wh.x").file(".wh..wh.aufs").file(".wh..wh.plnk/1.2")
    assert names(tmp_path, Tar().file("a"), upper) == {"a"}


def test_whiteout_beneath_a_path_that_became_a_file(tmp_path: Path) -> None:
    lower = Tar().folder("d").file("d/x")
    assert names(tmp_path, lower, Tar().file("d/.wh.x").file("d")) == {"d"}


def test_opaque_marker_of_a_directory_that_replaces_a_link(tmp_path: Path) -> None:
    lower = Tar().folder("real").file("real/kept").link("d", "real")
    upper = Tar().folder("d").file("d/.wh..wh..opq").file("d/new")
    assert names(tmp_path, lower, upper) == {"real", "real/kept", "d", "d/new"}


def test_whiteout_through_a_link_of_a_lower_layer(tmp_path: Path) -> None:
    lower = Tar().folder("usr").folder("usr/lib").file("usr/lib/x").link("lib", "usr/lib")
    assert names(tmp_path, lower, Tar().file("lib/.wh.x")) == {"usr", "usr/lib", "lib"}


def test_file_and_directory_replace_each_other(tmp_path: Path) -> None:
    lower = Tar().folder("a").file("a/x").file("b").link("c", "a")
    upper = Tar().file("a", b"2").folder("b").file("b/y").folder("c").file("c/z")
    assert names(tmp_path, lower, upper) == {"a", "b", "b/y", "c", "c/z"}


def test_directory_attributes_of_the_last_layer_that_names_it(tmp_path: Path) -> None:
    lower = Tar().folder("a", uid=1, mode=0o700, mtime=5).file("a/x").folder("b", uid=3)
    upper = Tar().folder("a", uid=2, mode=0o1777, mtime=9).file("b/y")
    entries = members(image(tmp_path, lower, upper))
    assert (entries["a"].uid, entries["a"].mode, entries["a"].mtime) == (2, 0o1777, 9)
    assert entries["b"].uid == 3
    assert "a/x" in entries


def test_missing_parents_are_made(tmp_path: Path) -> None:
    entries = members(image(tmp_path, Tar().file("a/b/c")))
    assert set(entries) == {"", "a", "a/b", "a/b/c"}
    assert entries["a"].isdir()
    assert entries["a"].mode == 0o755


@pytest.mark.parametrize("target", ["usr/bin", "/usr/bin", "/x/y/../../usr/bin", "./usr//bin/"])
def test_parent_is_a_link_of_a_lower_layer(tmp_path: Path, target: str) -> None:
    lower = Tar().folder("usr").folder("usr/bin").folder("x").folder("x/y").link("bin", target)
    entries = names(tmp_path, lower, Tar().file("bin/sh"))
    assert entries == {"usr", "usr/bin", "usr/bin/sh", "bin", "x", "x/y"}


def test_absolute_link_targets_stay_as_they_are(tmp_path: Path) -> None:
    lower = Tar().link("etc/alternatives/vi", "/usr/bin/vim").link("up", "../../../etc")
    entries = members(image(tmp_path, lower))
    assert entries["etc/alternatives/vi"].linkname == "/usr/bin/vim"
    assert entries["up"].linkname == "../../../etc"


def test_hard_links_within_and_across_layers(tmp_path: Path) -> None:
    lower = Tar().file("a", b"1").hard("b", "a")
    upper = Tar().hard("d/c", "./b").hard("e", "/a")
    entries = members(image(tmp_path, lower, upper))
    links = {name: info.linkname for name, info in entries.items() if info.islnk()}
    files = [name for name, info in entries.items() if info.isreg()]
    assert len(files) == 1
    assert {*links, *files} == {"a", "b", "d/c", "e"}
    assert set(links.values()) == set(files)


def test_the_first_name_of_a_hard_link_may_go(tmp_path: Path) -> None:
    lower = Tar().file("a", b"1", uid=5).hard("b", "a").hard("c", "a")
    upper = Tar().file(".wh.a").file("b", b"2")
    entries = members(image(tmp_path, lower, upper))
    assert entries["c"].isreg()
    assert (entries["c"].size, entries["c"].uid) == (1, 5)
    assert content(tmp_path, "c", lower, upper) == b"1"


def test_hard_link_to_a_symbolic_link(tmp_path: Path) -> None:
    entries = members(image(tmp_path, Tar().link("a", "x").hard("b", "a")))
    assert sorted(info.type for name, info in entries.items() if name) == [b"1", b"2"]


def test_attributes_survive(tmp_path: Path) -> None:
    pax = {
        "SCHILY.xattr.security.capability": "\x01\x00\x00\x02",
        "SCHILY.xattr.user.x": "y=z\n",
        "mtime": "12.5",
    }
    lower = (
        Tar()
        .file("cap", b"1", pax_headers=pax, mode=0o4755)
        .file("big", uid=3_000_000, gid=4_000_000, uname="ä")
        .add("null", tarfile.CHRTYPE, devmajor=1, devminor=3)
        .add("loop", tarfile.BLKTYPE, devmajor=7, devminor=200)
        .add("fifo", tarfile.FIFOTYPE, mode=0o620)
    )
    entries = members(image(tmp_path, lower))
    assert {key: entries["cap"].pax_headers[key] for key in pax} == pax
    assert entries["cap"].mode == 0o4755
    assert (entries["big"].uid, entries["big"].gid, entries["big"].uname) == (
        3_000_000,
        4_000_000,
        "ä",
    )
    assert (entries["null"].devmajor, entries["null"].devminor) == (1, 3)
    assert entries["loop"].isblk()
    assert (entries["fifo"].isfifo(), entries["fifo"].mode) == (True, 0o620)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("prefix", ["", "rootfs/", "a/very/long/prefix/" * 5])
def test_long_names(tmp_path: Path, form: int, prefix: str) -> None:
    folder = "d" * 60
    name = f"{folder}/{'n' * 90}"
    tar = Tar(form).folder(folder).file(name, b"1", uid=12345)
    if form != tarfile.USTAR_FORMAT:
        tar.hard("hard", name).link("link", "t" * 300)
    with flat(image(tmp_path, tar), prefix) as entries:
        assert entries.getmember(prefix + name).uid == 12345
        if form != tarfile.USTAR_FORMAT:
            pair = {entries.getmember(prefix + "hard").type, entries.getmember(prefix + name).type}
            assert pair == {b"0", b"1"}
            assert entries.getmember(prefix + "link").linkname == "t" * 300


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    odd = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert odd in names(tmp_path, Tar(tarfile.GNU_FORMAT).file(odd))


def test_prefix_stands_before_everything(tmp_path: Path) -> None:
    with flat(image(tmp_path, Tar().file("a").hard("b", "a").folder("d")), "rootfs/") as tar:
        infos = tar.getmembers()
    assert all(info.name.split("/")[0] == "rootfs" for info in infos)
    assert "rootfs" in {info.name for info in infos}
    assert [info.linkname for info in infos if info.islnk()] == ["rootfs/a"]


def test_root_entry_and_its_attributes(tmp_path: Path) -> None:
    entries = members(image(tmp_path, Tar().folder("./", mode=0o711, uid=4), Tar().file("x")))
    assert (entries[""].mode, entries[""].uid) == (0o711, 4)
    assert set(members(image(tmp_path / "2", Tar().folder("/").file("x")))) == {"", "x"}


def test_directories_follow_their_contents(tmp_path: Path) -> None:
    with flat(image(tmp_path, Tar().folder("a").folder("a/b").file("a/b/c"))) as tar:
        assert tar.getnames() == ["a/b/c", "a/b", "a", "."]


def test_same_image_same_bytes(tmp_path: Path) -> None:
    one = image(tmp_path, Tar().file("a", b"1").hard("b", "a"), Tar().file("c/d"))
    assert list(scan(one).tar()) == list(scan(one).tar())


def test_old_directories_and_contiguous_files(tmp_path: Path) -> None:
    tar = Tar().add("d/", tarfile.AREGTYPE).add("c", tarfile.CONTTYPE)
    entries = members(image(tmp_path, tar))
    assert entries["d"].isdir()
    assert entries["c"].isreg()


def test_global_headers_are_not_applied(tmp_path: Path) -> None:
    header = tarfile.TarInfo.create_pax_global_header({"path": "evil", "comment": "x"})
    assert set(members(image(tmp_path, header + Tar().file("a").bytes()))) == {"", "a"}


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE])
def test_entries_without_data_leave_without_a_size(tmp_path: Path, kind: bytes) -> None:
    """Go's readers see no data after these, whatever the size; readers after us must agree."""
    info = tarfile.TarInfo("b")
    info.type, info.linkname, info.size = kind, "a", 512
    raw = Tar().file("a", b"1").out
    tar = raw.getvalue() + info.tobuf() + Tar().file("c", b"2").bytes()
    entries = members(image(tmp_path, tar))
    assert set(entries) == {"", "a", "b", "c"}
    assert entries["b"].size == (1 if entries["b"].isreg() else 0)


def test_a_ustar_prefix_is_not_used_twice(tmp_path: Path) -> None:
    block = bytearray(tarfile.TarInfo("name").tobuf(tarfile.USTAR_FORMAT))
    block[345:348] = b"dir"
    assert names(tmp_path, tarformat.seal(block)) == {"dir", "dir/name"}


def test_sparse_file_is_copied_raw(tmp_path: Path) -> None:
    """A PAX 1.0 sparse file has its map in its data and its name in a record."""
    body = b"1\n1000000\n3\n".ljust(512, b"\0") + b"abc"
    pax = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "s/real",
        "GNU.sparse.realsize": "1000003",
    }
    tar = Tar().file("GNUSparseFile.0/real", body, pax_headers=pax)
    with flat(image(tmp_path, tar), "rootfs/") as entries:
        info = entries.getmember("rootfs/s/real")
        assert (info.size, info.issparse()) == (1000003, True)
        reader = entries.extractfile(info)
        assert reader is not None
        assert reader.read() == bytes(1000000) + b"abc"
    with pytest.raises(ArtifactError, match="sparse"):
        content(tmp_path, "s/real", tar)


def test_old_gnu_sparse_file(tmp_path: Path) -> None:
    info = tarfile.TarInfo("real")
    info.size = 3
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[156:157] = b"S"
    block[386:410] = tarformat.octal(1000000, 12) + tarformat.octal(3, 12)
    block[483:495] = tarformat.octal(1000003, 12)
    tar = tarformat.seal(block) + b"abc".ljust(512, b"\0") + Tar().file("after").bytes()
    with flat(image(tmp_path, tar)) as entries:
        assert entries.getmember("real").size == 1000003
        assert "after" in entries.getnames()


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/boot/vmlinuz", True),
        ("boot/vmlinuz", True),
        ("/boot", True),
        ("/", True),
        ("/l/vmlinuz", True),
        ("/boot/../boot/./vmlinuz", True),
        ("/../../boot/vmlinuz", True),
        ("/boot/absent", False),
        ("/boot/vmlinuz/x", False),
        ("/loop", False),
        ("/dangling", False),
    ],
)
def test_exists(tmp_path: Path, path: str, there: bool) -> None:
    tar = Tar().folder("boot").file("boot/vmlinuz-lts", b"k").link("loop", "loop")
    tar.link("boot/vmlinuz", "/boot/vmlinuz-lts").link("l", "../../boot").link("dangling", "no")
    assert exists(image(tmp_path, tar), path) is there


def test_read_file_follows_links_across_layers(tmp_path: Path) -> None:
    lower = Tar().file("boot/vmlinuz-1", b"old" * 500_000).file("n")
    upper = Tar().link("boot/vmlinuz", "/boot/vmlinuz-1").hard("boot/same", "boot/vmlinuz-1")
    for path in ("/boot/vmlinuz", "boot/same"):
        assert content(tmp_path, path, lower, upper) == b"old" * 500_000
    for path, why in (("/absent", "missing"), ("/boot", "not a file")):
        with pytest.raises(ArtifactError, match=why):
            content(tmp_path, path, lower, upper)


def test_extras_are_added_and_replace(tmp_path: Path) -> None:
    lower = Tar().folder("usr/sbin").link("sbin", "usr/sbin").file("usr/sbin/init", b"old")
    rootfs = scan(image(tmp_path, lower))
    rootfs.add(
        [
            Extra("sbin/init", b"#!/bin/sh\n", mode=0o755),
            Extra("new/folder", kind=tarformat.DIRECTORY, mode=0o1777, uid=3),
            Extra("new/link", kind=tarformat.SYMLINK, link="folder"),
        ]
    )
    with tarfile.open(fileobj=io.BytesIO(b"".join(rootfs.tar()))) as tar:
        entries = {info.name: info for info in tar.getmembers()}
    assert (entries["usr/sbin/init"].size, entries["usr/sbin/init"].mode) == (10, 0o755)
    assert (entries["new/folder"].mode, entries["new/folder"].uid) == (0o1777, 3)
    assert entries["new/link"].linkname == "folder"
    out = io.BytesIO()
    rootfs.read("/sbin/init", out)
    assert out.getvalue() == b"#!/bin/sh\n"


def test_threads_end_when_nobody_reads_on(tmp_path: Path) -> None:
    import threading

    big: Any = bytes(range(256)) * 40_000
    rootfs = scan(image(tmp_path, Tar().file("a", big).file("b", big)))
    before = threading.active_count()
    pieces = rootfs.tar()
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_a_directory_as_old_tars_wrote_it_is_written_as_one(tmp_path: Path) -> None:
    tar = Tar().add("old/", tarfile.REGTYPE).file("old/x", b"1").add("7", tarfile.CONTTYPE)
    raw = b"".join(scan(image(tmp_path, tar)).tar())
    with tarfile.open(fileobj=io.BytesIO(raw)) as made:
        kinds = {entry.name.rstrip("/"): entry.type for entry in made}
    assert (kinds["old"], kinds["7"]) == (tarfile.DIRTYPE, tarfile.REGTYPE)
    at = raw.index(b"old/\0")
    assert raw[at + 156 : at + 157] == tarfile.DIRTYPE  # whatever Python's reader makes of a slash
