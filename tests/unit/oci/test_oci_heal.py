"""The store removes what is bad, and keeps what is still arriving."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from abcd_run.artifact import oci_image
from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.model import Origin, Plan, Source
from abcd_run.oci.archive import stream_archive
from abcd_run.oci.rootfs import scan
from abcd_run.oci.store import Store
from tests.unit.oci.making import Tar, image, layout
from tests.unit.plans import CONTAINER
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from abcd_run.oci.model import Image

REFERENCE = "r.example/it:1"


def digests(made: Image) -> dict[str, str]:
    return {
        "manifest": made.digest,
        "config": made.config_digest,
        "layer": made.layers[0].blob.digest,
    }


def blob(store: Store, digest: str) -> Path:
    return store.folder / "blobs" / digest.replace(":", "/")


def flip(path: Path) -> None:
    """Change a byte but not the size; in the middle, where gzip notices before the digest does."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def use(made: Image | None) -> None:
    assert made is not None
    for _ in scan(made).tar():
        pass
    for _ in stream_archive(made, "it"):
        pass


def pack_zstd(data: bytes) -> bytes:
    return bytes(pytest.importorskip("zstandard").compress(data))


PACKS: dict[str, dict[str, Any]] = {
    "gzip": {},
    "plain": {"pack": bytes, "suffix": ""},
    "zstd": {"pack": pack_zstd},
}


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("what", ["manifest", "config", "layer"])
@pytest.mark.parametrize("harm", [flip, Path.unlink, lambda path: path.write_bytes(b"short")])
def test_a_wrong_blob_is_healed_by_the_remedy(
    tmp_path: Path, what: str, harm: Callable[[Path], None], pack: str
) -> None:
    store = Store(tmp_path / "store")
    data = os.urandom(100_000)
    source = layout(tmp_path / "l", Tar().file("x", data), **PACKS[pack])
    path = blob(store, digests(store.add(source, "it"))[what])
    harm(path)
    stored = store.resolve("it")
    if stored is not None:
        with pytest.raises(ArtifactError) as caught:
            use(stored)
        assert "try again" in caught.value.remedy
    assert store.resolve("it") is None  # so it is built or fetched again
    assert not path.exists()  # or skopeo would trust it
    store.add(source, "it")
    use(store.resolve("it"))


def test_what_is_stored_again_is_right_although_nobody_has_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    source = layout(tmp_path / "l", Tar().file("x"))
    made = store.add(source, "it")
    flip(blob(store, digests(made)["layer"]))
    use(store.add(source, "it"))


def test_other_peoples_blobs_are_not_removed(tmp_path: Path) -> None:
    made = image(tmp_path / "l", Tar().file("x", os.urandom(10_000)))
    path = tmp_path / "l" / "blobs" / made.layers[0].blob.digest.replace(":", "/")
    flip(path)
    with pytest.raises(ArtifactError) as caught:
        use(made)
    assert path.exists()
    assert "try again" not in caught.value.remedy


def test_a_blob_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    unsynced: list[Path] = []
    fsync, replace = os.fsync, Path.replace

    def noted(fd: int) -> None:
        fsync(fd)
        synced.add(os.fstat(fd).st_ino)

    def checked(self: Path, target: Path) -> Path:
        if self.stat().st_ino not in synced:
            unsynced.append(target)
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Path, "replace", checked)
    Store(tmp_path / "store").add(layout(tmp_path / "l", Tar().file("x")), "it")
    assert synced
    assert not unsynced


SLOW = """#!{python}
import os, sys
from pathlib import Path
sys.path[:0] = {path!r}
from abcd_run.oci.reader import open_image
shared = sys.argv[sys.argv.index("--dest-shared-blob-dir") + 1]
target = sys.argv[-1].split(":")[1]
assert sys.argv[-2] == "docker://{reference}", sys.argv
source = Path({source!r})
for file in source.glob("blobs/*/*"):
    there = Path(shared) / file.relative_to(source / "blobs")
    there.parent.mkdir(parents=True, exist_ok=True)
    there.write_bytes(file.read_bytes())
    os.utime(there, (0, 0))
(source / "begun").write_text(str(os.getpid()))
open(source / "go").read()
Path(target, "index.json").write_bytes((source / "index.json").read_bytes())
(source / "done").touch()
"""


@pytest.fixture
def fetched(home: Path, tmp_path: Path) -> Iterator[Path]:
    """Put a skopeo on PATH that delivers this layout as soon as something is written to `go`."""
    source = layout(tmp_path / "there", Tar().file("x"))
    os.mkfifo(source / "go")
    script = home / "bin" / "skopeo"
    script.write_text(
        SLOW.format(
            python=sys.executable, path=sys.path[:3], source=str(source), reference=REFERENCE
        )
    )
    script.chmod(0o755)
    yield source
    if (source / "begun").exists() and not (source / "done").exists():  # a test has failed
        with suppress(ProcessLookupError):
            os.kill(int((source / "begun").read_text()), signal.SIGKILL)


def plan() -> Plan:
    return replace(CONTAINER, source=Source(Origin.REGISTRY, REFERENCE, "localhost/it:latest"))


FETCH = """
import sys
from abcd_run.artifact import oci_image
from tests.unit.oci.test_oci_heal import plan
oci_image.brought(plan(), say=print)
"""


def begin(fetched: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", FETCH], env=environment)
    until((fetched / "begun").exists)
    return child


def go_on(fetched: Path) -> None:
    (fetched / "go").write_text("on")
    until((fetched / "done").exists)


def test_what_is_being_fetched_is_not_collected_however_old(fetched: Path) -> None:
    child = begin(fetched)
    store = Store(xdg.store())
    assert store.collect() == 0  # its blobs are of 1970
    other = store.add(layout(fetched / "other", Tar().file("y")), "other")
    go_on(fetched)
    assert child.wait(20) == 0
    use(store.resolve(REFERENCE))
    assert store.names() == ["other", REFERENCE]  # what arrived meanwhile is kept
    assert blob(store, other.digest).exists()
    assert not list(store.folder.glob(".part-*"))


def test_what_is_left_of_a_killed_fetch_goes_when_skopeo_has_ended(fetched: Path) -> None:
    child = begin(fetched)
    store = Store(xdg.store())
    child.send_signal(signal.SIGKILL)
    child.wait(20)
    until(lambda: store.collect() > 0)
    assert store.names() == []
    assert not list(store.folder.glob(".part-*"))
    assert not list(store.folder.glob("blobs/*/*"))


def test_pull_always_heals_what_skopeo_would_take_for_right(fetched: Path) -> None:
    store = Store(xdg.store())
    made = store.add(layout(fetched / "again", Tar().file("x")), REFERENCE)
    wrong = blob(store, digests(made)["layer"])
    flip(wrong)
    store.check(REFERENCE)
    assert not wrong.exists()
    assert blob(store, made.digest).exists()


def test_collecting_needs_no_clock(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.add(layout(tmp_path / "l", Tar().file("x")), "it")
    stray = store.folder / "blobs" / "sha256" / ("0" * 64)
    stray.write_bytes(b"left")
    os.utime(stray, (time.time() + 7200,) * 2)
    assert store.collect() == 4
    assert store.collect() == 0


def test_what_is_fetched_is_not_what_was_meant(home: Path) -> None:
    script = home / "bin" / "skopeo"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    with pytest.raises(ArtifactError, match="the registry sent a different image") as caught:
        oci_image.brought(plan(), say=print)
    assert caught.value.remedy
