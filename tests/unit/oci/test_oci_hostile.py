"""Layers that try to leave the root, or are not what they claim: each error names its layer."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.oci import tarformat
from abcd_run.oci.budget import Limits
from abcd_run.oci.rootfs import scan
from abcd_run.oci.tarwrite import Extra
from abcd_run.oci.tarwrite import header as make_header
from tests.unit.oci.making import Tar, entry, image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UP = "../" * 6


def header(
    name: bytes = b"evil", *, size: bytes = b"0000000000\0", kind: str = "0", seal: bool = True
) -> bytes:
    block = bytearray(make_header(Extra("", kind=kind), 0))
    block[: len(name)] = name
    block[124 : 124 + len(size)] = size
    return tarformat.seal(block) if seal else bytes(block)


def pax(data: bytes) -> bytes:
    block = header(b"pax", size=b"%011o" % len(data), kind="x")
    return block + data + bytes(tarformat.padding(len(data))) + header() + tarformat.END


def base() -> Tar:
    return Tar().folder("d").file("f", b"1")


PATHS: dict[str, tuple[Callable[[], Tar | bytes], str]] = {
    "dot-dot name": (lambda: Tar().file("a/../../evil"), "evil"),
    "dot-dot that stays inside": (lambda: Tar().file("d/../evil"), "evil"),
    "dot-dot directory": (lambda: Tar().folder("d/.."), "leads outside"),
    "absolute name": (lambda: Tar().file("/evil"), "'/evil' has an absolute name"),
    "absolute name behind slashes": (lambda: Tar().file("//evil"), "'//evil'"),
    "empty name": (lambda: header(b"") + tarformat.END, "without a name"),
    "root becomes a link": (lambda: Tar().link("./", "/etc"), "replaces the root"),
    "root becomes a file": (lambda: Tar().file(".", b"1"), "replaces the root"),
    "long component": (lambda: Tar().file("n" * 256), "255 bytes"),
    "long path": (lambda: Tar().file("n/" * 2100 + "x"), "a path of"),
    "hard link outside": (lambda: Tar().hard("evil", UP + "etc/shadow"), "etc/shadow"),
    "hard link with dot-dot": (lambda: base().hard("evil", "d/../f"), "evil"),
    "absolute hard link outside": (lambda: Tar().hard("evil", f"/{UP}etc/shadow"), "etc/shadow"),
    "absolute hard link to nothing": (lambda: Tar().hard("evil", "/etc/shadow"), "does not exist"),
    "hard link to nothing": (lambda: base().hard("evil", "absent"), "does not exist"),
    "hard link to itself": (lambda: base().hard("f", "f"), "does not exist"),
    "hard link to a directory": (lambda: base().hard("evil", "d"), "is a directory"),
    "hard link to the root": (lambda: Tar().hard("evil", "/"), "leads outside"),
    "hard link without a target": (lambda: Tar().hard("evil", ""), "leads outside"),
    "hard link to a hidden file": (lambda: Tar().file(".wh.f").hard("evil", "f"), "does not exist"),
    "parent link climbs out": (lambda: Tar().link("l", UP).file("l/evil"), "'l/evil' leads out"),
    "absolute parent link climbs out": (lambda: Tar().link("l", f"/{UP}").file("l/evil"), "evil"),
    "chain of links climbs out": (
        lambda: (
            Tar().link("a", "b").link("b", "d/c").folder("d").link("d/c", "../..").file("a/evil")
        ),
        "'a/evil' leads outside",
    ),
    "circle of links": (
        lambda: Tar().link("a", "b").link("b", "a").file("a/evil"),
        "'a/evil' is behind a loop",
    ),
    "link to itself": (lambda: Tar().link("a", "a/x").file("a/evil"), "loop"),
    "beneath a file": (lambda: base().file("f/evil"), "'f/evil' is beneath"),
    "beneath a device": (
        lambda: Tar().add("n", tarfile.CHRTYPE).file("n/evil"),
        "'n/evil' is beneath",
    ),
    "device with data": (
        lambda: header(b"evil", size=b"%011o" % 512, kind="3") + header(b"hidden"),
        "device or fifo 'evil'",
    ),
    "whiteout of dot-dot": (lambda: Tar().file("d/.wh..."), "hides no name"),
    "whiteout of dot": (lambda: Tar().file("d/.wh.."), "hides no name"),
    "whiteout of nothing": (lambda: Tar().file(".wh."), "hides no name"),
    "whiteout outside": (lambda: Tar().file("../.wh.x"), "leads outside"),
    "entry beneath a whiteout": (lambda: Tar().file(".wh.d/x"), "beneath a whiteout"),
    "unknown type": (lambda: header(kind="Z") + tarformat.END, "unknown type 'Z'"),
    "continued on another volume": (lambda: header(kind="M") + tarformat.END, "unknown type"),
}

BYTES: dict[str, tuple[bytes, str]] = {
    "NUL in a pax path": (pax(tarformat.pax_record("path", b"a\0b")), "a NUL in pax path"),
    "NUL in a pax link": (pax(tarformat.pax_record("linkpath", b"a\0b")), "a NUL"),
    "pax path outside": (pax(tarformat.pax_record("path", b"../evil")), "evil"),
    "pax record too long": (pax(b"99 path=x\n"), "malformed pax"),
    "pax record without length": (pax(b"path=x\n"), "malformed pax"),
    "pax record of length 0": (pax(b"0 path=x\n"), "malformed pax"),
    "pax record without newline": (pax(b"9 path=xx"), "malformed pax"),
    "pax size of letters": (pax(tarformat.pax_record("size", b"-1")), "has the size"),
    "pax size huge": (pax(tarformat.pax_record("size", b"9" * 30)), "claims"),
    "pax header huge": (header(size=b"77777777777", kind="x"), "extension header of"),
    "pax header at the end": (
        header(b"pax", size=b"%011o" % 10, kind="x") + b"10 path=x\n".ljust(512, b"\0"),
        "without its entry",
    ),
    "long name huge": (header(size=b"77777777777", kind="L"), "extension header of"),
    "negative size": (header(size=b"\xff" * 12) + tarformat.END, "claims -1 bytes"),
    "huge size": (header(size=b"\x80" + b"\x7f" * 11) + tarformat.END, "claims"),
    "size of letters": (header(size=b"00009zz\0"), "bad number"),
    "bad checksum": (header(seal=False) + tarformat.END, "checksum"),
    "no checksum": (header()[:148] + bytes(8) + header()[156:], "checksum"),
    "data behind zeros": (tarformat.ZEROS + header() + tarformat.END, "data after"),
    "not a tar": (b"hello world " * 100, "bad number"),
}

CUTS: dict[str, bytes] = {
    "in a header": header()[:300],
    "in data": header(size=b"%011o" % 5000) + b"x" * 2000,
    "in padding": header(size=b"%011o" % 5) + b"x" * 5,
    "in a sparse map": tarformat.seal(bytearray(header(kind="S")[:482] + b"\1" + bytes(29))),
    "in a pax header": header(size=b"%011o" % 100, kind="x") + b"30 mtime=1\n",
}


def refused(tmp_path: Path, *layers: Tar | bytes, limits: Limits | None = None) -> ArtifactError:
    made = image(tmp_path, *layers)
    with pytest.raises(ArtifactError) as caught:
        scan(made, limits=limits)
    assert made.layers[-1].blob.digest in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize("name", PATHS)
def test_refused(tmp_path: Path, name: str) -> None:
    layer, says = PATHS[name]
    assert says in str(refused(tmp_path, base(), layer()))


@pytest.mark.parametrize("name", BYTES)
def test_refused_bytes(tmp_path: Path, name: str) -> None:
    layer, says = BYTES[name]
    assert says in str(refused(tmp_path, layer))


@pytest.mark.parametrize("name", CUTS)
def test_refused_when_cut_short(tmp_path: Path, name: str) -> None:
    assert "ends after" in str(refused(tmp_path, Tar().file("first").out.getvalue() + CUTS[name]))


def test_a_long_chain_of_links_is_fine_but_not_an_endless_one(tmp_path: Path) -> None:
    tar = Tar().folder("end")
    for number in range(60):
        tar.link(f"l{number}", f"l{number + 1}" if number < 59 else "end")
    tar.file("l30/fine").file("l0/evil")
    assert "l0/evil" in str(refused(tmp_path, tar))


def test_too_many_entries(tmp_path: Path) -> None:
    tar = Tar()
    for number in range(30):
        tar.file(str(number))
    assert "more than 20" in str(refused(tmp_path, tar, limits=Limits(entries=20)))
    half = [Tar().file("a").file("b") for _ in range(3)]
    assert "too large" in str(refused(tmp_path / "2", *half, limits=Limits(entries=5)))


def test_zip_bomb(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with gzip.open(bomb, "wb", compresslevel=1) as out:
        out.write(entry("zeros", size=1 << 24).tobuf())
        out.write(bytes(1 << 24))
    made_bomb = gzip.decompress(bomb.getvalue())
    limits = Limits(size=1 << 20)
    assert "expands to more" in str(refused(tmp_path, made_bomb, limits=limits))
    tail = Tar().file("x").bytes() + bytes(1 << 24)
    assert "goes on after" in str(refused(tmp_path / "2", tail, limits=limits))


def test_nothing_is_refused_for_ordinary_links(tmp_path: Path) -> None:
    tar = Tar().folder("etc/alternatives").link("etc/alternatives/vi", "/usr/bin/vim")
    tar.link("etc/mtab", "../proc/self/mounts").link("far", UP + "etc").link("dead", "/no/where")
    tar.link("var/run", "/run").folder("run").file("var/run/x")
    scan(image(tmp_path, tar))
