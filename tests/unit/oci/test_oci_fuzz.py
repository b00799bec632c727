"""Whatever an image contains, reading it soon gives an image or an `ArtifactError`."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from abcd_run.backend.image_ports import exposed_tcp
from abcd_run.errors import ArtifactError
from abcd_run.oci import tarformat as tf
from abcd_run.oci.lxd import stream_lxd_image
from abcd_run.oci.reader import open_image
from abcd_run.oci.rootfs import scan
from abcd_run.oci.store import Store
from abcd_run.oci.tarwrite import Extra, header
from tests.unit.fuzzing import JSON, changed, examples, spots
from tests.unit.oci.making import Tar, docker_archive, layout, make, sha, tar_of, write_layout

pytestmark = pytest.mark.slow

FUZZ = examples(150)


def use(path: Path) -> None:
    """Do with an image what a launch, a conversion and `prune` do."""
    try:
        image = open_image(path)
        exposed_tcp(image.config.ports)
        for _ in stream_lxd_image(image):
            pass
        Store(path.parent / "store").add(path, "it")
    except ArtifactError as error:
        check(error)
    if path.is_dir():
        try:
            Store(path).collect()
        except ArtifactError as error:
            check(error)


def check(error: ArtifactError) -> None:
    assert error.remedy
    assert f"{error.message}{error.details}{error.remedy}".replace("\n", "").isprintable()


IMAGE = make(
    Tar().folder("bin").file("bin/sh"),
    Env=["A=b"],
    Cmd=["sh"],
    Labels={"l": "v"},
    ExposedPorts={"80/tcp": {}},
    User="u",
)
ENTRY = IMAGE.descriptor("it:1", platform={"os": "linux", "architecture": "amd64"})
INDEX = {"schemaVersion": 2, "manifests": [ENTRY]}


@FUZZ
@given(st.sampled_from(spots(INDEX)), JSON)
@example(("manifests", 0, "size"), -1)
@example(("manifests", 0, "annotations"), [["org.opencontainers.image.ref.name"]])
def test_index(spot: tuple[Any, ...], new: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_layout(Path(folder) / "l", [IMAGE], [ENTRY])
        (path / "index.json").write_text(json.dumps(changed(INDEX, spot, new)))
        use(path)


@FUZZ
@given(st.sampled_from(spots(IMAGE.manifest)), JSON)
@example(("layers",), 5)
@example(("config",), None)
def test_manifest(spot: tuple[Any, ...], new: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        use(layout_of(Path(folder), manifest=changed(IMAGE.manifest, spot, new)))


@FUZZ
@given(st.sampled_from(spots(IMAGE.config)), JSON)
@example(("config", "ExposedPorts"), {"9" * 5000: {}})
@example(("created",), "0001-01-01T00:00:00")
def test_configuration(spot: tuple[Any, ...], new: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        use(layout_of(Path(folder), config=changed(IMAGE.config, spot, new)))


def layout_of(folder: Path, *, manifest: Any = None, config: Any = None) -> Path:
    blobs = dict(IMAGE.blobs)
    manifest = manifest or IMAGE.manifest
    if config is not None:
        raw = json.dumps(config).encode()
        blobs[sha(raw)] = raw
        manifest = changed(manifest, ("config", "digest"), sha(raw))
        manifest = changed(manifest, ("config", "size"), len(raw))
    raw = json.dumps(manifest).encode()
    blobs[sha(raw)] = raw
    path = write_layout(folder / "l", [], [{**ENTRY, "digest": sha(raw), "size": len(raw)}])
    for digest, data in blobs.items():
        (path / "blobs" / "sha256" / digest[7:]).write_bytes(data)
    return path


LISTED = [{"Config": "c.json", "RepoTags": ["it:1"], "Layers": ["0/layer.tar"]}]


@FUZZ
@given(st.sampled_from(spots(LISTED)), JSON)
@example((0, "Layers"), 5)
@example((0, "RepoTags"), 5)
@example((0, "Config"), "\x1b]0;x")
def test_docker_archive(spot: tuple[Any, ...], new: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tar"
        docker_archive(path, IMAGE, ["it:1"])
        tar = Tar().file("c.json", json.dumps(IMAGE.config).encode())
        tar.file("0/layer.tar", IMAGE.tars[0])
        tar.file("manifest.json", json.dumps(changed(LISTED, spot, new)).encode())
        path.write_bytes(tar.bytes())
        use(path)


KINDS = st.sampled_from("0156xxgLKSM7\0Z")
NAMES = st.sampled_from(
    [b"a", b"a/b", b"../x", b"/", b".wh.a", b"\x1b[2J", b"\xff/\xfe", b"a/" * 40]
)
RECORDS = st.lists(
    st.tuples(
        st.sampled_from(
            ["path", "linkpath", "size", "GNU.sparse.name", "SCHILY.xattr.user.a", "é"]
        ),
        NAMES | st.binary(max_size=12) | st.sampled_from([b"9" * 5000, b"-1", b"0"]),
    ),
    max_size=3,
)
PAX = RECORDS.map(lambda pairs: b"".join(tf.pax_record(*pair) for pair in pairs))


@st.composite
def tars(draw: st.DrawFn) -> bytes:
    """Make entries with valid headers, apart from a byte here and there."""
    made = b""
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(KINDS)
        data = draw(PAX | NAMES | st.binary(max_size=40)) if kind in "xgLK0S" else b""
        block = bytearray(header(Extra(""), len(data)))
        name, link = draw(NAMES), draw(NAMES)
        block[: len(name)], block[157 : 157 + len(link)] = name, link
        block[156] = ord(kind)
        for place, byte in draw(
            st.lists(st.tuples(st.integers(0, 511), st.integers(0, 255)), max_size=2)
        ):
            block[place] = byte
        made += tf.seal(block) + data + bytes(tf.padding(len(data)))
    return made + draw(st.sampled_from([tf.END, b"", b"\0" * 512, b"x"]))


DIGITS = tf.pax_record("size", b"9" * 5000)
BLOCK = header(Extra("", kind="x"), len(DIGITS))
DIGITS = tf.seal(bytearray(BLOCK)) + DIGITS + bytes(tf.padding(len(DIGITS)))


@FUZZ
@given(tars())
@example(DIGITS + Tar().file("x").bytes())
def test_layer(tar: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        use(layout(Path(folder) / "l", Tar().file("bin/sh").out.getvalue() + tar, Cmd=["sh"]))


@FUZZ
@given(st.binary(max_size=300) | PAX)
def test_pax(data: bytes) -> None:
    with suppress(tf.TarError):
        assert isinstance(tf.parse_pax(data), dict)


@FUZZ
@given(st.binary(max_size=2000), st.integers(0, 3000), st.sampled_from(["w", "w:gz"]))
def test_archive_with_bytes_replaced(data: bytes, place: int, mode: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = tar_of(write_layout(folder / "l", [IMAGE], [ENTRY]), folder / "a.tar", mode)
        whole = bytearray(path.read_bytes())
        whole[place : place + len(data)] = data
        path.write_bytes(whole)
        use(path)


@pytest.mark.parametrize("name", ["\x1b]0;evil\x07", "a\nb", "\udcff\udcfe", "\u202egnp", "\x9b2J"])
def test_names_are_shown_without_what_a_terminal_obeys(tmp_path: Path, name: str) -> None:
    path = layout(tmp_path / "l", Tar().file("f").file(f"f/{name}"))
    with pytest.raises(ArtifactError, match="is beneath") as caught:
        scan(open_image(path))
    check(caught.value)
    str(caught.value).encode()
