"""Open images in every form, and refuse what is not one."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.oci import decompress
from abcd_run.oci.layers import open_layer
from abcd_run.oci.model import INDEX
from abcd_run.oci.reader import open_image
from tests.unit.oci.making import (
    Tar,
    docker_archive,
    index,
    layout,
    make,
    sha,
    tar_of,
    write_layout,
)

if TYPE_CHECKING:
    from pathlib import Path

    from abcd_run.oci.model import Image


def read_layer(image: Image, number: int = 0) -> bytes:
    reader = open_layer(image, image.layers[number])
    try:
        return b"".join(iter(lambda: reader.read(1000), b""))
    finally:
        reader.close()


def fails(*args: object, **kwargs: object) -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        open_image(*args, **kwargs)  # type: ignore[arg-type]
    assert caught.value.remedy
    return caught.value


def test_layout_says_what_the_image_says(tmp_path: Path) -> None:
    tar = Tar().file("etc/x", b"1").bytes()
    settings: dict[str, Any] = {
        "Env": ["A=b c", "PATH=/bin"],
        "Entrypoint": ["/init", "-x"],
        "Cmd": ["serve"],
        "User": "u:g",
        "WorkingDir": "/w",
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "Labels": {"l": "v"},
        "StopSignal": "SIGQUIT",
    }
    opened = open_image(layout(tmp_path, tar, **settings))
    config = opened.config
    assert (config.env, config.entrypoint, config.cmd) == (
        ("A=b c", "PATH=/bin"),
        ("/init", "-x"),
        ("serve",),
    )
    assert (config.user, config.working_dir, config.stop_signal) == ("u:g", "/w", "SIGQUIT")
    assert (config.ports, config.labels) == (("80/tcp", "53/udp"), {"l": "v"})
    assert config.created.startswith("2024-01-02")
    assert opened.reference == "it:1"
    assert opened.config_digest == sha(opened.raw_config)
    assert opened.digest == sha(opened.manifest)
    assert read_layer(opened) == tar


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_oci_archive(tmp_path: Path, mode: str) -> None:
    tar = Tar().file("x", b"y" * 5000).bytes()
    archive = tar_of(layout(tmp_path / "l", tar), tmp_path / "a.tar", mode)
    assert read_layer(open_image(archive)) == tar


@pytest.mark.parametrize("linked", [False, True])
def test_docker_archive(tmp_path: Path, linked: bool) -> None:
    tars = [Tar().file("x", b"1").bytes(), Tar().file("y", b"2").bytes()]
    made = make(*tars, Cmd=["sh"])
    archive = docker_archive(tmp_path / "d.tar", made, ["it:1", "other:2"], linked=linked)
    opened = open_image(archive, "docker.io/library/it:1")
    assert opened.reference == "it:1"
    assert opened.config_digest == sha(json.dumps(made.config).encode())
    assert [read_layer(opened, number) for number in (0, 1)] == tars
    assert "it:1, other:2" in fails(archive, "absent:1").details
    assert open_image(archive).digest == opened.digest


def test_several_references(tmp_path: Path) -> None:
    one, two = make(Tar().file("1")), make(Tar().file("2"))
    entries = [one.descriptor("one:1"), two.descriptor("localhost/two:latest")]
    folder = write_layout(tmp_path, [one, two], entries)
    assert open_image(folder, "one:1").digest == entries[0]["digest"]
    assert open_image(folder, "two").digest == entries[1]["digest"]
    assert open_image(folder, f"any@{entries[1]['digest']}").digest == entries[1]["digest"]
    assert "localhost/two:latest, one:1" in fails(folder).details
    missing = fails(folder, "three")
    assert "three" in str(missing)
    assert "localhost/two:latest, one:1" in missing.details


def test_nested_index_by_platform(tmp_path: Path) -> None:
    made = {arch: make(Tar().file(arch), architecture=arch) for arch in ("amd64", "arm64")}
    note = make(Tar().file("sbom"), architecture="unknown")
    entries = [
        one.descriptor(platform={"os": "linux", "architecture": arch}) for arch, one in made.items()
    ]
    entries.append(
        note.descriptor(annotations={"vnd.docker.reference.type": "attestation-manifest"})
    )
    inner = json.dumps(index(entries)).encode()
    note.blobs[sha(inner)] = inner
    top = {"mediaType": INDEX, "digest": sha(inner), "size": len(inner)}
    top["annotations"] = {"org.opencontainers.image.ref.name": "multi:1"}
    folder = write_layout(tmp_path, [*made.values(), note], [top])
    for arch in made:
        assert open_image(folder, "multi:1", architecture=arch).config.architecture == arch
    error = fails(folder, architecture="riscv64")
    assert "riscv64" in str(error)
    assert "linux/amd64, linux/arm64" in error.details


def test_what_a_processor_runs_too_is_second_best(tmp_path: Path) -> None:
    made = {arch: make(Tar().file(arch), architecture=arch) for arch in ("386", "amd64")}
    entries = [
        one.descriptor("it:1", platform={"os": "linux", "architecture": arch})
        for arch, one in made.items()
    ]
    both = write_layout(tmp_path / "both", [*made.values()], entries)
    assert open_image(both, architecture="amd64").config.architecture == "amd64"
    one = write_layout(tmp_path / "one", [made["386"]], entries[:1])
    assert open_image(one, architecture="amd64").config.architecture == "386"
    assert "linux/386" in fails(one, architecture="arm64").details


def test_wrong_architecture_without_platform_in_the_index(tmp_path: Path) -> None:
    folder = layout(tmp_path, Tar().file("x"), architecture="s390x")
    error = fails(folder, architecture="amd64")
    assert "linux/amd64" in str(error)
    assert "s390x" in error.details


@pytest.mark.parametrize(
    "content",
    [b"", b"no tar at all" * 100, gzip.compress(b"x" * 9999)],
    ids=["empty", "no tar", "gzip of no tar"],
)
def test_not_an_image(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "f"
    file.write_bytes(content)
    assert str(file) in str(fails(file))


def test_other_things_that_are_not_images(tmp_path: Path) -> None:
    assert str(tmp_path) in str(fails(tmp_path))
    assert "No such file" in str(fails(tmp_path / "absent"))
    tar = tmp_path / "plain.tar"
    tar.write_bytes(Tar().file("etc/passwd").bytes())
    assert "manifest.json" in fails(tar).details
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(ArtifactError, match="not JSON"):
        open_image(tmp_path)


def test_truncated_archives(tmp_path: Path) -> None:
    whole = tar_of(layout(tmp_path / "l", Tar().file("x", b"1" * 4000)), tmp_path / "a.tar")
    data = whole.read_bytes()
    for name, cut in (("gz", gzip.compress(data)[:-9]), ("tar", data[: len(data) // 3])):
        file = tmp_path / name
        file.write_bytes(cut)
        with pytest.raises(ArtifactError):
            open_image(file)


def test_missing_blob(tmp_path: Path) -> None:
    folder = layout(tmp_path, Tar().file("x"))
    opened = open_image(folder)
    (folder / "blobs" / "sha256" / opened.layers[0].blob.digest[7:]).unlink()
    with pytest.raises(ArtifactError, match=r"blob sha256:\w+ is missing"):
        read_layer(opened)


@pytest.mark.parametrize("change", ["flip", "cut", "grow"])
def test_corrupt_layer(tmp_path: Path, change: str) -> None:
    folder = layout(tmp_path, Tar().file("x"), pack=bytes, suffix="")
    opened = open_image(folder)
    blob = folder / "blobs" / "sha256" / opened.layers[0].blob.digest[7:]
    data = blob.read_bytes()
    changed = {"flip": b"?" + data[1:], "cut": data[:-1], "grow": data + b"0"}[change]
    blob.write_bytes(changed)
    with pytest.raises(ArtifactError, match="is corrupt"):
        read_layer(opened)


def test_corrupt_manifest(tmp_path: Path) -> None:
    folder = layout(tmp_path, Tar().file("x"))
    blob = folder / "blobs" / "sha256" / open_image(folder).digest[7:]
    blob.write_bytes(blob.read_bytes() + b" ")
    assert "corrupt" in str(fails(folder))


def test_wrong_diff_id(tmp_path: Path) -> None:
    made = make(Tar().file("x"))
    made.config["rootfs"]["diff_ids"] = [sha(b"other")]
    raw = json.dumps(made.config).encode()
    made.blobs[sha(raw)] = raw
    made.manifest["config"] |= {"digest": sha(raw), "size": len(raw)}
    opened = open_image(write_layout(tmp_path, [made], [made.descriptor()]))
    with pytest.raises(ArtifactError, match=r"the tar in .* is corrupt"):
        read_layer(opened)


@pytest.mark.parametrize("digest", ["sha256:../../../etc/passwd", "md5:0", "sha256:" + "G" * 64])
def test_digests_are_no_paths(tmp_path: Path, digest: str) -> None:
    made = make(Tar().file("x"))
    made.manifest["layers"][0]["digest"] = digest
    opened = open_image(write_layout(tmp_path, [made], [made.descriptor()]))
    with pytest.raises(ArtifactError, match="not a digest"):
        read_layer(opened)


def test_an_artifact_that_is_no_container_image(tmp_path: Path) -> None:
    made = make(Tar().file("x"))
    made.manifest["layers"] *= 2
    assert "not a container image" in str(
        fails(write_layout(tmp_path, [made], [made.descriptor()]))
    )


def test_gzip_of_several_members_with_and_without_isal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tar = Tar().file("zeros", bytes(3_000_000)).file("x", b"abc" * 1000).bytes()

    def pack(data: bytes) -> bytes:
        return gzip.compress(data[:100]) + gzip.compress(data[100:]) + bytes(7)

    opened = open_image(layout(tmp_path, tar, pack=pack))
    assert read_layer(opened) == tar
    monkeypatch.setitem(sys.modules, "isal", None)
    assert read_layer(opened) == tar


@pytest.mark.parametrize("without", ["", "isal"])
def test_truncated_gzip(monkeypatch: pytest.MonkeyPatch, without: str) -> None:
    if without:
        monkeypatch.setitem(sys.modules, without, None)

    class Cut:
        data = gzip.compress(bytes(range(256)) * 500)[:-20]

        def read(self, size: int, /) -> bytes:
            got, self.data = self.data[:size], self.data[size:]
            return got

        def close(self) -> None: ...

    reader = decompress.decompressed(Cut())
    with pytest.raises(ArtifactError, match="gzip stream is damaged"):
        list(iter(lambda: reader.read(1000), b""))


def test_zstd_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zstandard = pytest.importorskip("zstandard")
    tar = Tar().file("x", b"abc" * 100_000).bytes()
    opened = open_image(layout(tmp_path, tar, pack=zstandard.compress, suffix="+zstd"))
    assert read_layer(opened) == tar
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(ArtifactError, match="zstandard") as caught:
        read_layer(opened)
    assert caught.value.remedy.endswith("pip install 'abcd-run[oci]'")


def test_other_compressions_are_named(tmp_path: Path) -> None:
    import bz2

    opened = open_image(layout(tmp_path, Tar().file("x"), pack=bz2.compress, suffix="+bzip2"))
    with pytest.raises(ArtifactError, match="bzip2"):
        read_layer(opened)


def test_opening_a_layout_loads_no_archive_code(tmp_path: Path) -> None:
    folder = layout(tmp_path, Tar().file("x"))
    code = (
        f"import sys; from abcd_run.oci.reader import open_image; open_image({str(folder)!r});"
        "print(*{'tarfile', 'tempfile', 'isal', 'zstandard', 'threading', 'concurrent'}"
        " & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == ""


def test_archive_members_may_be_hard_links(tmp_path: Path) -> None:
    made = make(Tar().file("x"))
    descriptor = made.descriptor("it:1")
    tar = Tar().file("index.json", json.dumps(index([descriptor])).encode())
    for digest, data in made.blobs.items():
        tar.file(f"store/{digest[7:]}", data).hard(
            f"./blobs/sha256/{digest[7:]}", f"store/{digest[7:]}"
        )
    (tmp_path / "a.tar").write_bytes(tar.bytes())
    assert open_image(tmp_path / "a.tar").digest == descriptor["digest"]
    assert tarfile.is_tarfile(tmp_path / "a.tar")
