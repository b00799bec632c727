"""Small images that try to become large: what each does to a reader without limits."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import socket
import zlib
from typing import TYPE_CHECKING, Any

from abcd_run.oci import tarformat as tf
from abcd_run.oci.tarwrite import Extra, header, record
from tests.unit.oci.making import Tar, index, layout, make, sha, tar_of, write_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

MIB = 1 << 20
EXAMPLE = bytes(range(256))


def pack(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def extension(data: bytes, kind: str = "x") -> bytes:
    block = bytearray(header(Extra("", kind=kind), len(data)))
    return tf.seal(block) + data + bytes(tf.padding(len(data)))


def records(size: int, mark: int = 0) -> bytes:
    """Make about this many bytes of pax records with distinct keys."""
    one = b"16 %05x%04x=\n"
    return b"".join(one.replace(b"16 ", b"14 ") % (mark, n) for n in range(size // 14))


def of_tar(pieces: Callable[[], Iterable[bytes]]) -> Callable[[Path], Path]:
    """Make an image of a tar that is made when a test wants it, and never whole in memory."""

    def made(folder: Path) -> Path:
        packer, digest, packed = zlib.compressobj(1, wbits=31), hashlib.sha256(), []
        for piece in pieces():
            digest.update(piece)
            packed.append(packer.compress(piece))
        blob = b"".join([*packed, packer.flush()])
        one = make(b"", pack=lambda _: blob, diff_ids=[f"sha256:{digest.hexdigest()}"])
        return write_layout(folder / "l", [one], [one.descriptor("it:1")])

    return made


def many_extensions() -> Iterator[bytes]:
    return (extension(records(900_000, mark)) for mark in range(64))


def many_long_names() -> Iterator[bytes]:
    yield extension(b"n" * 1000, "L") * 2000
    yield Tar().file("x").bytes()


def pax_of_folders() -> Iterator[bytes]:
    entry = record(header(Extra("", kind=tf.DIRECTORY), 0), "d{:04d}/")
    for mark in range(200):
        yield extension(records(900_000, mark))
        yield tf.seal(bytearray(entry[:1] + b"%07d" % mark) + entry[8:])


def folders_of_one_name() -> Iterator[bytes]:
    """A few names that each make a thousand folders."""
    tar = Tar()
    for number in range(2000):
        tar.file(f"{number}/" + "d/" * 250 + "x")
    yield tar.bytes()


def deep_folders() -> Iterator[bytes]:
    tar = Tar()
    for number in range(300):
        tar.folder("/".join(["d"] * (number + 1)))
    yield tar.bytes()


def links_to_walk() -> Iterator[bytes]:
    """Forty links of two thousand steps each, and entries whose paths all go through them."""
    tar = Tar().folder("a").folder("end")
    for number in range(39):
        tar.link(f"l{number}", "a/../" * 800 + (f"l{number + 1}" if number < 38 else "end"))
    block = header(Extra(""), 0)
    yield tar.out.getvalue()
    yield from (record(block, f"l0/{n}") for n in range(50_000))
    yield tf.END


def links_that_lengthen() -> Iterator[bytes]:
    tar, path = Tar(), "n" * 200
    tar.folder(path)
    for number in range(30):
        tar.link(f"l{number}", f"l{number - 1}/{path}" if number else path).folder(
            f"l{number}/{path}"
        )
    yield tar.file("l29/x").bytes()


def sparse_map() -> Iterator[bytes]:
    block = bytearray(header(Extra("", kind=tf.GNU_SPARSE), 0))
    block[482] = 1
    more = bytearray(512)
    more[504] = 1
    yield (tf.seal(block) + bytes(more) * 2000 + bytes(512)) * 40
    yield tf.END


def a_million_files() -> Iterator[bytes]:
    name = tf.seal(bytearray(header(Extra(""), 0)))
    return (record(name, f"file-{n:07d}") for n in range(1_000_100))


def zeros(tail: int) -> Callable[[Path], Path]:
    """Make a layer with one file of zeros: a few kilobytes for every 64 MiB."""

    def made(folder: Path) -> Path:
        member, first = pack(bytes(64 * MIB)), record(header(Extra(""), tail * 64 * MIB), "zeros")
        blob = pack(first) + member * tail
        one = make(first, pack=lambda _: blob)
        return write_layout(folder / "l", [one], [one.descriptor("it:1")])

    return made


def empty_members(folder: Path) -> Path:
    one = make(b"", pack=lambda _: pack(b"") * 500_000)
    return write_layout(folder / "l", [one], [one.descriptor("it:1")])


def sparse_layer(folder: Path) -> Path:
    """Make a plain layer of 200 GiB that takes no space on the disk."""
    size = 200 << 30
    made = layout(folder / "l", record(header(Extra(""), size), "x"), pack=bytes, suffix="")
    (blob,) = (p for p in made.glob("blobs/sha256/*") if p.stat().st_size == 512)
    os.truncate(blob, size + 2048)
    manifest, entry = made / "index.json", json.loads((made / "index.json").read_text())
    described = made / "blobs" / "sha256" / entry["manifests"][0]["digest"][7:]
    document = json.loads(described.read_text())
    document["layers"][0]["size"] = size + 2048
    raw = json.dumps(document).encode()
    entry["manifests"][0].update(digest=sha(raw), size=len(raw))
    (described.parent / sha(raw)[7:]).write_bytes(raw)
    manifest.write_text(json.dumps(entry))
    return made


def nested(folder: Path) -> Path:
    """Make eight indexes, each of which names the next one a hundred times."""
    blobs = folder / "l" / "blobs" / "sha256"
    made = layout(folder / "l", Tar().file("x"))
    entries = json.loads((made / "index.json").read_text())["manifests"]
    for _ in range(7):
        raw = json.dumps(index(entries * 100)).encode()
        (blobs / hashlib.sha256(raw).hexdigest()).write_bytes(raw)
        entries = [{"mediaType": index([])["mediaType"], "digest": sha(raw), "size": len(raw)}]
    (made / "index.json").write_text(json.dumps(index(entries * 100)))
    return made


def of_index(text: bytes) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        path = layout(folder / "l", Tar().file("x"))
        (path / "index.json").write_bytes(text)
        return path

    return made


def sparse_index(folder: Path) -> Path:
    path = layout(folder / "l", Tar().file("x"))
    os.truncate(path / "index.json", 8 << 30)
    return path


def docker(manifest: bytes, *others: str) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        tar = Tar().file("manifest.json", manifest)
        for name in others:
            tar.file(name, b"{}")
        path = folder / "a.tar"
        path.write_bytes(tar.bytes())
        return path

    return made


def members(folder: Path) -> Path:
    """Make an archive of nothing but names."""
    path = folder / "a.tar"
    block = header(Extra(""), 0)
    many = b"".join(record(block, f"{n:06d}" + "n" * 90) for n in range(150_000))
    path.write_bytes(pack(many))
    return path


def instead(name: str, kind: str, *, archive: bool = False) -> Callable[[Path], Path]:
    """Replace a file with something that is not one; `name` may be a blob's, such as `layer`."""

    def made(folder: Path) -> Path:
        whole = layout(folder / "l", Tar().file("x"))
        if archive:
            place = folder / "a.tar"
        elif name == "layer":
            place = max(whole.glob("blobs/sha256/*"), key=_is_gzip)
            place.unlink()
        else:
            place = whole / name
            place.unlink()
        _put(place, kind)
        return place if archive else whole

    return made


def _is_gzip(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x1f\x8b")


def _put(place: Path, kind: str) -> None:
    match kind:
        case "pipe":
            os.mkfifo(place)
        case "folder":
            place.mkdir()
        case "device":
            place.symlink_to("/dev/zero")
        case "terminal":
            place.symlink_to("/dev/tty")
        case "socket":
            folder = os.open(place.parent, os.O_PATH)  # a socket's path may have at most 107 bytes
            with socket.socket(socket.AF_UNIX) as left:
                left.bind(f"/proc/self/fd/{folder}/{place.name}")
            os.close(folder)


def of_manifest(**changes: Any) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        one = make(Tar().file("x"))
        one.manifest.update(changes)
        return write_layout(folder / "l", [one], [one.descriptor("it:1")])

    return made


def packed(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
    return lambda folder: tar_of(make(folder), folder / "a.tar")
