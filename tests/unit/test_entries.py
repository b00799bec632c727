"""Entry points are read as `importlib.metadata` reads them, without it."""

import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from abcd_run.plugins.entry_points import Entry, entries
from abcd_run.plugins.registry import GROUP


def install(folder: Path, name: str, text: str) -> Path:
    info = folder / name
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.partition('-')[0]}\n")
    (info / "entry_points.txt").write_text(text)
    return info


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The only two folders to import from."""
    folders = [tmp_path / "first", tmp_path / "second"]
    monkeypatch.setattr(sys, "path", [str(folder) for folder in folders])
    return folders


def test_every_group_of_this_environment_is_read_alike() -> None:
    groups = entry_points().groups
    assert GROUP in groups
    for group in groups:
        listed = sorted(entries(group))
        assert listed == sorted(Entry(one.name, one.value) for one in entry_points(group=group))


def test_the_first_package_of_a_name_hides_the_others(path: list[Path]) -> None:
    install(path[0], "a_b-1.dist-info", "[g]\none = first:ONE\n")
    install(path[1], "A.B-2.dist-info", "[g]\ntwo = second:TWO\n")
    install(path[1], "c-1.egg-info", "# [g]\n[o]\nno = x:Y\n\n[g]\n# no = x:Y\nthree=third:THREE\n")
    assert entries("g") == [Entry("one", "first:ONE"), Entry("three", "third:THREE")]


def test_files_that_cannot_be_read_are_passed_over(path: list[Path]) -> None:
    (install(path[0], "a-1.dist-info", "") / "entry_points.txt").write_bytes(b"[g]\n\xff = x:Y\n")
    install(path[0], "b-1.dist-info", "[g]\none = first:ONE\n")
    path[1].write_text("no folder")
    assert entries("g") == [Entry("one", "first:ONE")]


def test_a_zip_archive_is_left_to_the_slow_module(path: list[Path]) -> None:
    archive = path[0].with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("a-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\n")
        out.writestr("a-1.dist-info/entry_points.txt", "[g]\none = first:ONE\n")
    sys.path.append(str(archive))
    assert entries("g") == [Entry("one", "first:ONE")]


@pytest.mark.parametrize("value", ["os.path:join", "os:path.join [extra]", " os.path : join "])
def test_a_value_is_loaded(value: str) -> None:
    assert Entry("join", value).load() is sys.modules["os.path"].join


def test_a_module_is_loaded() -> None:
    assert Entry("path", "os.path").load() is sys.modules["os.path"]
