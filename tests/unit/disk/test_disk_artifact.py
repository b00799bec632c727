"""`artifact --to` a disk: what is refused, and that a failure leaves nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.model import DISKS, Format
from tests.unit.conftest import Run, Write
from tests.unit.disk import hybrids
from tests.unit.test_artifact_iso import write as write_iso

QEMU_IMG = """#!/bin/sh
for out; do :; done
{}
"""
MAKES = 'echo converted >"$out"'
FULL = 'echo half >"$out"; echo "qemu-img: error: No space left on device" >&2; exit 1'
FAILS = 'echo half >"$out"; echo "qemu-img: something else" >&2; exit 1'


@pytest.fixture
def lab(home: Path, write: Write) -> Path:
    """Return a folder for artifacts of `live`, an image that is a small hybrid ISO."""
    iso = write_iso(home / "live.iso")
    start = hybrids.make(home / "start", size=34 * 512, table=False).read_bytes()
    with iso.open("r+b") as file:
        file.write(start)
    write("live", f'[abcdik]\niso = "{iso}"\n[resources]\nmemory = "512MiB"\n')
    (home / "out").mkdir()
    return home / "out"


@pytest.fixture
def qemu_img(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what puts another qemu-img before this host's."""

    def put(script: str) -> None:
        folder = home / "programs"
        folder.mkdir()
        (folder / "qemu-img").write_text(QEMU_IMG.format(script))
        (folder / "qemu-img").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return put


def test_a_raw_disk_needs_no_other_program(
    lab: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(lab))
    ended = run("artifact", "live", "--to", "raw", "-o", str(lab / "a.raw"), "--json")
    assert ended.status == 0, ended.err
    assert ended.json["artifact"]["size"] == (lab / "a.raw").stat().st_size == hybrids.MIB
    assert ended.json["artifact"]["beside"] == []


@pytest.mark.parametrize("form", [form for form in DISKS if form != Format.RAW])
def test_without_qemu_img(lab: Path, run: Run, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setenv("PATH", str(lab))
    ended = run("artifact", "live", "--to", form, "-o", str(lab / "a"))
    assert ended.status == 4
    assert "cannot convert disks" in ended.err
    assert "qemu-utils" in ended.err
    assert list(lab.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "said"),
    [(FULL, "make room in"), (FAILS, "something else"), (MAKES, "unknown kind of vmdk")],
)
def test_a_failure_leaves_nothing(
    lab: Path, run: Run, qemu_img: Callable[[str], None], script: str, said: str
) -> None:
    qemu_img(script)
    ended = run("artifact", "live", "--to", "vmx", "-o", str(lab / "a.vmx"))
    assert ended.status == 4
    assert said in ended.err
    assert list(lab.iterdir()) == []


def test_qcow2_is_what_qemu_img_writes(
    lab: Path, run: Run, qemu_img: Callable[[str], None]
) -> None:
    qemu_img(MAKES)
    assert run("artifact", "live", "--to", "qcow2", "-o", str(lab / "a")).status == 0
    assert [path.name for path in lab.iterdir()] == ["a"]
    assert (lab / "a").read_text() == "converted\n"


def test_a_folder_at_its_place_or_beside_it(
    lab: Path, run: Run, qemu_img: Callable[[str], None]
) -> None:
    qemu_img(FAILS)
    (lab / "a.vmx").mkdir()
    (lab / "b-disk1.vmdk").mkdir()
    for name, refused in (("a.vmx", "a.vmx"), ("b.vmx", "b-disk1.vmdk")):
        ended = run("artifact", "live", "--to", "vmx", "-o", str(lab / name))
        assert ended.status == 2
        assert f"{refused} is not a file" in ended.err
    assert sorted(path.name for path in lab.iterdir()) == ["a.vmx", "b-disk1.vmdk"]


def test_an_image_without_a_kernel(lab: Path, run: Run, write: Write) -> None:
    write("box", '[abcdic]\nimage = "registry.example/box:1"\n')
    ended = run("artifact", "box", "--to", "ova", "-o", str(lab / "a.ova"))
    assert ended.status == 4
    assert "cannot become ova" in ended.err
    assert "abcdik" in ended.err
    assert list(lab.iterdir()) == []


@pytest.mark.usefixtures("lab")
def test_no_runtime_is_offered_a_disk(run: Run) -> None:
    runtimes = run("runtimes", "--json").json["runtimes"]
    assert runtimes
    assert not {form for one in runtimes for form in one["accepts"]} & set(DISKS)
