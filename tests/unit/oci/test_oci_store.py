"""The store, and the archive that every engine loads."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.oci.archive import stream_archive
from abcd_run.oci.reader import open_image
from abcd_run.oci.store import Store
from tests.unit.oci.making import Tar, docker_archive, image, layout, make, sha, tar_of

if TYPE_CHECKING:
    from pathlib import Path

    from abcd_run.oci.model import Image


def blobs(store: Store) -> set[str]:
    return {path.name for path in store.folder.glob("blobs/sha256/*")}


def parts(store: Store) -> list[Path]:
    return list(store.folder.rglob(".part-*"))


def packed(image: Image, name: str = "localhost/it:1") -> bytes:
    return b"".join(stream_archive(image, name))


def test_add_resolve_remove(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.names() == []
    assert store.resolve("it:1") is None
    assert not store.remove("it:1")
    source = layout(tmp_path / "l", Tar().file("x", b"1"))
    added = store.add(source, "localhost/it:1")
    assert added.digest == open_image(source).digest
    assert store.names() == ["localhost/it:1"]
    stored = store.resolve("it:1")
    assert stored is not None
    assert stored.digest == added.digest
    assert store.remove("localhost/it:1")
    assert blobs(store) == set()
    assert not parts(store)


OTHER = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("stored", "asked", "answers"),
    [
        ("nginx", "nginx:latest", True),
        ("nginx", "localhost/nginx", True),
        ("localhost/nginx:latest", "nginx", True),
        ("docker.io/library/nginx:1", "nginx:1", True),
        ("docker.io/nginx:1", "docker.io/library/nginx:1", True),
        (f"r.example/nginx@{OTHER}", f"r.example/nginx@{OTHER}", True),  # as skopeo compared it
        ("nginx", "docker.io/library/nginx", False),
        ("localhost/nginx:latest", "docker.io/library/nginx:latest", False),
        ("localhost/nginx:latest", f"docker.io/library/nginx@{OTHER}", False),
        ("docker.io/library/nginx:latest", f"nginx@{OTHER}", False),
        ("docker.io/library/nginx:latest", "r.example/library/nginx:latest", False),
        ("r.example/nginx:latest", "nginx", False),
    ],
)
def test_only_what_is_meant_answers(tmp_path: Path, stored: str, asked: str, answers: bool) -> None:
    store = Store(tmp_path / "store")
    added = store.add(layout(tmp_path / "l", Tar().file("x")), stored)
    assert (store.resolve(asked) is not None) == answers
    pinned = store.resolve(f"r.example/any@{added.digest}")
    assert pinned is not None
    assert pinned.digest == added.digest


def test_a_name_in_somebody_elses_layout_does_not_make_it_pinned(tmp_path: Path) -> None:
    folder = layout(tmp_path / "l", Tar().file("x"), ref=f"r.example/x@{OTHER}")
    with pytest.raises(ArtifactError, match="no image"):
        open_image(folder, f"r.example/x@{OTHER}")


def test_names_share_blobs_and_move(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    shared = Tar().file("base", b"0" * 1000).bytes()
    one = store.add(layout(tmp_path / "1", shared, Tar().file("one")), "one")
    two = store.add(layout(tmp_path / "2", shared, Tar().file("two")), "two")
    assert len(blobs(store)) == 3 + 4
    store.remove("one")
    assert len(blobs(store)) == 4
    assert sha(two.manifest) == two.digest
    store.add(layout(tmp_path / "1", shared, Tar().file("one")), "two")
    assert store.names() == ["two"]
    moved = store.resolve("two")
    assert moved is not None
    assert moved.digest == one.digest
    assert store.collect() > 0
    assert len(blobs(store)) == 4


def test_add_docker_archive_and_streams(tmp_path: Path) -> None:
    made = make(Tar().file("x", b"1"), Cmd=["sh"])
    archive = docker_archive(tmp_path / "d.tar", made, ["it:1"])
    store = Store(tmp_path / "store")
    first = store.add(archive, "a")
    with archive.open("rb") as stream:
        second = store.add(stream, "b")
    assert first.digest == second.digest
    assert first.config_digest == sha(json.dumps(made.config).encode())
    assert not parts(store)


def test_a_broken_import_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    folder = layout(tmp_path / "l", Tar().file("x", b"1"))
    layer = open_image(folder).layers[0].blob.digest[7:]
    (folder / "blobs" / "sha256" / layer).write_bytes(b"wrong")
    with pytest.raises(ArtifactError, match="corrupt"):
        store.add(folder, "it")
    assert store.names() == []
    assert layer not in blobs(store)
    assert not parts(store)
    archive = tar_of(layout(tmp_path / "m", Tar().file("x")), tmp_path / "a.tar")
    with pytest.raises(ArtifactError):
        store.add(io.BytesIO(archive.read_bytes()[:3000]), "it")
    assert not parts(store)


def test_a_blob_gets_its_name_only_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    folder = layout(tmp_path / "l", Tar().file("x", b"1"))

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.add(folder, "it")
    assert blobs(store) == set()
    assert not parts(store)


def test_a_part_or_short_blob_is_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    folder = layout(tmp_path / "l", Tar().file("x", b"1"))
    layer = open_image(folder).layers[0].blob.digest[7:]
    short = store.folder / "blobs" / "sha256" / layer
    short.parent.mkdir(parents=True)
    short.write_bytes(b"short")
    store.add(folder, "it")
    assert short.read_bytes() == (folder / "blobs" / "sha256" / layer).read_bytes()


def test_two_importers_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    shared = Tar().file("base", b"0" * 100_000).bytes()
    sources = [layout(tmp_path / str(n), shared, Tar().file(str(n))) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.add(sources[n], f"n{n}"), range(8)))
    assert store.names() == [f"n{n}" for n in range(8)]
    assert not parts(store)


IMPORT = "import sys; from pathlib import Path; from abcd_run.oci.store import Store\n"
IMPORT += "Store(Path(sys.argv[1])).add(Path(sys.argv[2]), sys.argv[3])"


def test_importers_in_several_processes(tmp_path: Path) -> None:
    sources = [layout(tmp_path / str(n), Tar().file(str(n))) for n in range(4)]
    commands = [
        [sys.executable, "-c", IMPORT, str(tmp_path / "store"), str(source), source.name]
        for source in sources
    ]
    children = [subprocess.Popen(command) for command in commands]
    assert [child.wait(60) for child in children] == [0] * 4
    assert Store(tmp_path / "store").names() == ["0", "1", "2", "3"]


def test_nothing_is_collected_while_somebody_imports(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.add(layout(tmp_path / "l", Tar().file("x")), "it")
    stray = store.folder / "blobs" / "sha256" / ("0" * 64)
    stray.write_bytes(b"on its way")
    with store.importing():
        assert store.collect() == 0
    assert store.collect() == len(b"on its way")
    assert not stray.exists()


def test_archive_is_oci_and_docker_at_once(tmp_path: Path) -> None:
    made = image(tmp_path / "l", Tar().file("x", b"1"), Tar().file("y", b"2"), Cmd=["sh"])
    file = tmp_path / "a.tar"
    file.write_bytes(packed(made))
    again = open_image(file, "localhost/it:1")
    assert (again.digest, again.config) == (made.digest, made.config)
    with tarfile.open(file) as tar:
        names = tar.getnames()
        content = tar.extractfile("manifest.json")
        assert content is not None
        (listed,) = json.load(content)
        assert len(names) == len(set(names))
        assert listed["RepoTags"] == ["localhost/it:1"]
        for name, digest in [
            (listed["Config"], made.config_digest),
            *zip(listed["Layers"], [layer.blob.digest for layer in made.layers], strict=True),
        ]:
            member = tar.extractfile(name)
            assert member is not None
            assert sha(member.read()) == digest


def test_archive_turns_zstd_into_plain_tar(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    tar = Tar().file("x", b"1" * 5000).bytes()
    made = image(tmp_path / "l", tar, pack=zstandard.compress, suffix="+zstd")
    file = tmp_path / "a.tar"
    file.write_bytes(packed(made))
    again = open_image(file)
    assert again.layers[0].blob.digest == sha(tar)
    assert again.config_digest == made.config_digest
    file.write_bytes(b"".join(stream_archive(made, "it:1", keep_zstd=True)))
    assert open_image(file).digest == made.digest


def test_archive_fails_rather_than_pass_on_a_corrupt_blob(tmp_path: Path) -> None:
    made = image(tmp_path, Tar().file("x", b"1"))
    blob = tmp_path / "blobs" / "sha256" / made.layers[0].blob.digest[7:]
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    with pytest.raises(ArtifactError, match="corrupt"):
        packed(made)
