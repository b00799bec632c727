"""Nobody else may open what we lock: files 0600 in folders 0700, those of earlier versions too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.host.locks import locked
from abcd_run.host.part_file import helps, part_of
from abcd_run.oci.archive import stream_archive
from abcd_run.oci.reader import open_image
from abcd_run.oci.store import Store
from tests.unit.oci.making import Tar, layout, tar_of


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


@pytest.fixture(autouse=True)
def usual(home: Path) -> None:
    """Have the mask that most systems have."""
    os.umask(0o022)


def test_locks_and_parts_of_the_cache_are_private() -> None:
    with locked(xdg.store() / ".lock-blobs"), part_of(xdg.cache() / "iso" / "x.iso") as part:
        part.file.write(b"1")
        assert mode(xdg.store() / ".lock-blobs") == mode(part.path) == "0o600"
        part.finish()
    assert mode(xdg.cache() / "iso" / "x.iso") == "0o600"
    for folder in (xdg.cache(), xdg.store(), xdg.cache() / "iso"):
        assert mode(folder) == "0o700"


def test_what_earlier_versions_left_open_is_closed() -> None:
    cache = xdg.cache()
    lock, part = xdg.store() / ".lock-blobs", cache / "lxd" / "x.part"
    for path in (lock, part):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o755)
        path.touch()
        path.chmod(0o666)
    cache.chmod(0o755)
    with locked(lock), part_of(cache / "lxd" / "x"):
        assert mode(lock) == mode(part) == "0o600"
    for folder in (xdg.cache(), lock.parent, part.parent):
        assert mode(folder) == "0o700"


def test_a_file_for_a_person_has_the_usual_mode_in_a_folder_that_stays_as_it_is() -> None:
    folder = Path("out").absolute()
    folder.mkdir(mode=0o755)
    with part_of(folder / "x.iso") as part:
        assert mode(part.path) == "0o600"
        part.finish()
    assert (mode(folder), mode(folder / "x.iso")) == ("0o755", "0o644")


def test_a_folder_that_the_user_names_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setenv("ABCD_RUN_CACHE", str(tmp_path))
    with locked(xdg.store() / ".lock-blobs"):
        assert (mode(tmp_path), mode(xdg.store())) == ("0o755", "0o700")


def test_a_lock_is_not_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"), locked(tmp_path / "lock"):
        pass


CHILD = """
import resource, sys
from pathlib import Path
from abcd_run.errors import ArtifactError
from abcd_run.oci.lxd import write_lxd_image
from abcd_run.oci.reader import open_image
from abcd_run.oci.store import Store
from abcd_run.host.part_file import helps
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    if not sys.argv[2]:
        open_image(Path(sys.argv[1]))
    elif sys.argv[2].endswith("store"):
        Store(Path(sys.argv[2])).add(Path(sys.argv[1]), "it")
    else:
        write_lxd_image(open_image(Path(sys.argv[1])), Path(sys.argv[2]), compression="none")
except ArtifactError as error:
    print(error.message, error.details, error.remedy, sep="|")
except OSError as error:
    print(error.strerror, helps(error, sys.argv[2], "X"), sep="|")
"""


@pytest.mark.parametrize("to", ["", "store", "lxd.tar"])
def test_a_limit_of_file_sizes_is_named(tmp_path: Path, to: str) -> None:
    tar = Tar().file("x", os.urandom(300_000)).file("bin/sh")
    folder = layout(tmp_path / "l", tar, Cmd=["sh"])
    archive = tar_of(folder, tmp_path / "a.tar", "w" if to else "w:gz")
    where = str(tmp_path / to) if to else ""
    command = [sys.executable, "-c", CHILD, str(archive), where]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "File too large" in ended.stdout
    assert "ulimit -f" in ended.stdout


def test_a_full_disk_says_what_helps() -> None:
    image = open_image(layout(Path("l"), Tar().file("x")))
    with pytest.raises(OSError, match="No space") as caught, Path("/dev/full").open("wb", 0) as out:
        out.writelines(stream_archive(image, "it"))
    assert "make room in /tmp or set TMPDIR" in helps(caught.value, "/tmp", "TMPDIR")


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    source = layout(tmp_path / "l", Tar().file("x"))
    with store.importing():
        (store.folder / "blobs").mkdir()
    (store.folder / "blobs").chmod(0o500)
    with pytest.raises(ArtifactError, match="Permission denied") as caught:
        store.add(source, "it")
    assert "XDG_CACHE_HOME" in caught.value.remedy
