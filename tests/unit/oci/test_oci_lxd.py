"""LXD images: their metadata, compression and PID 1, and the cache that keeps them."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.oci import tarformat
from abcd_run.oci.lxd import brings_init, default_extras, write_lxd_image
from abcd_run.oci.rootfs import scan
from abcd_run.oci.tarwrite import Extra
from tests.unit.oci.making import Tar, image, sha

if TYPE_CHECKING:
    from pathlib import Path

    from abcd_run.oci.compress import Compression


def plain(data: bytes, compression: str) -> bytes:
    if compression == "gzip":
        return gzip.decompress(data)
    if compression == "zstd":
        zstandard = pytest.importorskip("zstandard")
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)) as reader:
            return bytes(reader.read())
    return data


def base() -> Tar:
    return Tar().folder("usr/sbin").link("sbin", "usr/sbin").file("bin/sh", b"#!", mode=0o755)


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
@pytest.mark.parametrize("without", ["", "isal"])
def test_unified_image(
    tmp_path: Path, compression: Compression, without: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if without:
        monkeypatch.setitem(sys.modules, without, None)
    made = image(tmp_path / "l", base().file("usr/sbin/init", b"own"), architecture="amd64")
    out = tmp_path / "lxd"
    write_lxd_image(made, out, compression=compression, properties={"serial": "7"})
    with tarfile.open(fileobj=io.BytesIO(plain(out.read_bytes(), compression))) as tar:
        assert tar.getnames()[0] == "metadata.yaml"
        names = set(tar.getnames())
        assert {"rootfs", "rootfs/usr/sbin/init", "rootfs/proc", "rootfs/dev"} <= names
        member = tar.extractfile("metadata.yaml")
        assert member is not None
        metadata = json.load(member)
    assert metadata["architecture"] == "x86_64"
    assert metadata["creation_date"] == 1704164645
    assert metadata["properties"]["oci.digest"] == made.digest
    assert metadata["properties"]["serial"] == "7"
    assert list(tmp_path.glob(".lxd*")) == []


def test_nothing_is_left_of_a_failure(tmp_path: Path) -> None:
    made = image(tmp_path / "l", Tar().file("../evil"))
    with pytest.raises(ArtifactError):
        write_lxd_image(made, tmp_path / "lxd")
    assert [path.name for path in tmp_path.iterdir()] == ["l"]


def test_own_extras_instead_of_the_default(tmp_path: Path) -> None:
    out = io.BytesIO()
    extras = [Extra("sbin/init", b"mine", mode=0o755)]
    write_lxd_image(image(tmp_path, base()), out, compression="none", extras=extras)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        member = tar.extractfile("rootfs/usr/sbin/init")
        assert member is not None
        assert member.read() == b"mine"
        assert "rootfs/proc" not in tar.getnames()


def test_zstd_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(ArtifactError, match="zstandard"):
        write_lxd_image(image(tmp_path, base(), Cmd=["x"]), io.BytesIO(), compression="zstd")


@pytest.mark.parametrize(
    ("tar", "settings", "own"),
    [
        (base().file("sbin/init"), {"Cmd": ["server"]}, True),
        (base().link("sbin/init", "/lib/systemd/systemd").file("lib/systemd/systemd"), {}, True),
        (base(), {"Cmd": ["server"]}, False),
        (base().link("sbin/init", "gone"), {"Cmd": ["server"]}, False),
        (base().file("bin/busybox").link("sbin/init", "/bin/busybox"), {"Cmd": ["server"]}, False),
        (base().file("bin/busybox").link("sbin/init", "/bin/busybox"), {"Cmd": ["/bin/sh"]}, True),
        (
            base().file("bin/busybox").link("sbin/init", "/bin/busybox"),
            {"Entrypoint": ["/sbin/init"], "Cmd": ["-x"]},
            True,
        ),
        (base().file("bin/busybox").link("sbin/init", "/bin/busybox"), {}, True),
        (
            base().file("bin/busybox").link("sbin/init", "/bin/busybox").file("sbin/openrc"),
            {"Cmd": ["server"]},
            True,
        ),
    ],
)
def test_whose_init(tmp_path: Path, tar: Tar, settings: dict[str, Any], own: bool) -> None:
    rootfs = scan(image(tmp_path, tar, **settings))
    assert brings_init(rootfs) is own
    assert ("sbin/init" in {extra.path for extra in default_extras(rootfs)}) is not own


def test_an_image_that_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="/bin/sh") as caught:
        default_extras(scan(image(tmp_path / "1", Tar().file("server"), Cmd=["/server"])))
    assert "podman" in caught.value.remedy
    with pytest.raises(ArtifactError, match="no command to start"):
        default_extras(scan(image(tmp_path / "2", base())))


def test_mount_points_are_not_made_over_what_is_there(tmp_path: Path) -> None:
    tar = base().file("sbin/init").folder("proc").link("run", "var/run").folder("var/run")
    extras = {extra.path: extra for extra in default_extras(scan(image(tmp_path, tar)))}
    assert set(extras) == {"dev", "sys", "tmp"}
    assert (extras["tmp"].mode, extras["tmp"].kind) == (0o1777, tarformat.DIRECTORY)


DIGEST = sha(b"an image")
