"""The flattener against `umoci unpack`, by trees on disk. Needs root, umoci and GNU tar.

ABCD_RUN_TEST_LAYOUT=FOLDER names an OCI layout, ABCD_RUN_TEST_IMAGES the real images in it to
compare as well: not all that somebody ever built, which would take as long as it takes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from abcd_run.oci.reader import open_image
from abcd_run.oci.rootfs import scan
from tests.oci.trees import describe, differences
from tests.unit.oci.making import Tar, layout

MISSING = [tool for tool in ("umoci", "tar") if shutil.which(tool) is None]
MISSING += [] if os.geteuid() == 0 else ["root"]


@pytest.fixture(autouse=True)
def needs() -> None:
    if MISSING and os.environ.get("CI"):
        pytest.fail(f"this needs {', '.join(MISSING)}")
    if MISSING:
        pytest.skip(f"this needs {', '.join(MISSING)}")


def unpacked_by_us(folder: Path, to: Path, reference: str | None) -> None:
    to.mkdir()
    command = ["tar", "--extract", "--numeric-owner", "--preserve-permissions", "--absolute-names"]
    command += ["--xattrs", "--xattrs-include=*", f"--directory={to}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as tar:
        assert tar.stdin is not None
        for piece in scan(open_image(folder, reference)).tar():
            tar.stdin.write(piece)
    assert tar.returncode == 0


def compare(folder: Path, reference: str, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    command = ["umoci", "unpack", "--image", f"{folder}:{reference}", str(bundle)]
    subprocess.run(command, check=True, capture_output=True)
    unpacked_by_us(folder, tmp_path / "ours", reference)
    ours, theirs = describe(tmp_path / "ours"), describe(bundle / "rootfs")
    assert len(theirs) > 1
    assert differences(ours, theirs) == []


def base() -> Tar:
    caps = {"SCHILY.xattr.user.abcd": "hello"}
    tar = Tar().folder("./").folder("d").folder("gone").folder("opaque").folder("late")
    tar.folder("swap")
    tar.file("d/a", b"1", mode=0o4755, mtime=5).hard("d/b", "d/a").hard("d/c", "d/a")
    tar.file("gone/x").file("opaque/old").file("late/old").file("swap/x").file("swapped", b"2")
    tar.file("xattr", b"3", pax_headers=caps).file("big", uid=3_000_000, gid=3_000_001)
    tar.add("null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666)
    tar.add("loop", tarfile.BLKTYPE, devmajor=7, devminor=200).add("fifo", tarfile.FIFOTYPE)
    tar.folder("usr").folder("usr/lib").link("lib", "usr/lib").link("abs", "/usr/lib")
    tar.folder("n" * 90).file(f"{'n' * 90}/{'m' * 90}", b"4").link("far", "t" * 200)
    return tar.link("kept", "../../etc").file("shadowed", b"5").folder("sticky", mode=0o1777)


def second() -> Tar:
    tar = Tar().folder("opaque", mtime=7).file("opaque/.wh..wh..opq").file("opaque/new")
    tar.folder("late").file("late/new").file("late/.wh..wh..opq")
    tar.file(".wh.gone").file("d/.wh.a").hard("d/linked", "d/b")
    tar.file("swap", b"now a file").folder("swapped").file("swapped/in")
    tar.file("lib/through", b"6").file("abs/through-absolute", b"7")
    return tar.file("shadowed", b"8", mtime=9).file("dup", b"1").file("dup", b"2")


def third() -> Tar:
    tar = Tar().folder("gone", mtime=3).file("gone/again").file("lib/.wh.through")
    return tar.folder("d", uid=9, mode=0o711, mtime=11).file(".wh.dup").file("dup", b"3")


def test_every_case(tmp_path: Path) -> None:
    compare(layout(tmp_path / "layout", base(), second(), third(), ref="it"), "it", tmp_path)


def test_real_images(tmp_path: Path) -> None:
    given = os.environ.get("ABCD_RUN_TEST_LAYOUT")
    if given is None:
        pytest.skip("ABCD_RUN_TEST_LAYOUT names no layout")
    names = os.environ["ABCD_RUN_TEST_IMAGES"].split()
    assert names
    for name in names:
        (tmp_path / name).mkdir()
        compare(Path(given), name, tmp_path / name)
