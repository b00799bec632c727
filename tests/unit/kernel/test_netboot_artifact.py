"""`artifact --to netboot`: a folder that a network's machines start from."""

import re
from pathlib import Path

import pytest

from abcd_run.kernel import initrd
from tests.unit.conftest import Run
from tests.unit.kernel import lives
from tests.unit.test_artifact_iso import write as write_iso

LINE = "root=live:/rootfs.img cdroot rd.live.dir=/ rd.live.squashimg=rootfs.squashfs quiet"


def written(run: Run, out: Path) -> Path:
    ended = run("artifact", "live", "--to", "netboot", "-o", str(out))
    assert ended.status == 0, ended.err
    return out


def refused(run: Run, out: Path) -> str:
    ended = run("artifact", "live", "--to", "netboot", "-o", str(out))
    assert ended.status == 4
    assert list(out.parent.iterdir()) == []
    return ended.err


def test_the_initrd_carries_the_system(lab: Path, run: Run) -> None:
    raw = (written(run, lab / "a") / "initrd").read_bytes()
    assert raw.startswith(lives.FILES["/boot/initrd"])
    (system,) = lives.unpacked(raw, len(lives.FILES["/boot/initrd"]))
    assert (system.name, system.mode, system.data) == ("rootfs.img", 0o100444, lives.SQUASHFS)


def test_every_loader_says_the_same(lab: Path, run: Run) -> None:
    folder = written(run, lab / "a")
    assert (folder / "kernel").read_bytes() == lives.FILES["/boot/kernel"]
    script = (folder / "boot.ipxe").read_text()
    assert script.startswith("#!ipxe\n")
    assert f"kernel kernel initrd=initrd {LINE} ||" in script
    assert f"APPEND {LINE}\n" in (folder / "pxelinux.cfg" / "default").read_text()
    assert "512 MiB" in (folder / "README").read_text()
    names = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
    assert names == {"kernel", "initrd", "boot.ipxe", "pxelinux.cfg/default", "README"}


def test_twice_the_same_bytes(lab: Path, run: Run) -> None:
    first, second = (written(run, lab / name) for name in "ab")
    for one in filter(Path.is_file, first.rglob("*")):
        assert one.read_bytes() == (second / one.relative_to(first)).read_bytes(), one


def test_what_is_there_is_not_replaced(lab: Path, run: Run) -> None:
    written(run, lab / "a")
    ended = run("artifact", "live", "--to", "netboot", "-o", str(lab / "a"))
    assert ended.status == 2
    assert "not empty" in ended.err


@pytest.mark.parametrize(
    "word", ["a;reboot", "${next}", "||", "`id`", "x" * 2000], ids=lambda word: word[:6]
)
def test_an_argument_that_means_something_to_a_loader(
    home: Path, lab: Path, run: Run, word: str
) -> None:
    """Words with a dollar never leave the menu's reader."""
    (home / "live.iso").unlink()
    lives.make(home / "live.iso", arguments=f"{lives.ARGUMENTS} {word}")
    if "$" in word:
        assert "next" not in (written(run, lab / "a") / "boot.ipxe").read_text()
    else:
        assert "not every loader" in refused(run, lab / "a")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("root=live:CDLABEL=X", "no '/LiveOS/squashfs.img'"),
        ("rd.live.dir=/boot rd.live.squashimg=kernel", "no squashfs"),
    ],
)
def test_another_kind_of_live_system(
    home: Path, lab: Path, run: Run, arguments: str, said: str
) -> None:
    (home / "live.iso").unlink()
    lives.make(home / "live.iso", arguments=arguments)
    assert said in refused(run, lab / "a")


def test_an_iso_without_anything(home: Path, lab: Path, run: Run) -> None:
    (home / "live.iso").unlink()
    write_iso(home / "live.iso")
    assert "no '/rootfs.squashfs'" in refused(run, lab / "a")


def test_a_system_that_no_initrd_can_carry(
    lab: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(initrd, "LARGEST", 8000)
    assert re.search("too much for an initrd.*--to iso", refused(run, lab / "a"), re.DOTALL)
