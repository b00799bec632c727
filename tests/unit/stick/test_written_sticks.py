"""Sticks: what is on them in the end, and after whatever ends a write before that."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.disk import gpt
from abcd_run.errors import AbcdRunError, Interrupted, UsageError
from abcd_run.session import sticks
from abcd_run.stick import block, write
from abcd_run.stick.content import HEAD
from tests.unit.conftest import Run
from tests.unit.stick.trees import MIB, Tree

SIZE = 16 * MIB


class Bad:
    """A disk in memory that fails in one way; it counts its writes."""

    def __init__(self, fails: Callable[["Bad", int, bytes], bytes]) -> None:
        self.content = bytearray(os.urandom(MIB) * 16)
        self.writes, self.size, self.number = 0, SIZE, "0:0"
        self._fails = fails

    def read(self, start: int, length: int) -> bytes:
        """Return bytes."""
        return bytes(self.content[start : start + length])

    def write(self, start: int, data: bytes) -> None:
        """Write bytes, or fail."""
        self.writes += 1
        data = self._fails(self, start, data)
        self.content[start : start + len(data)] = data

    def sync(self) -> None:
        """Wait for nothing."""

    def eject(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def well(_bad: Bad, _start: int, data: bytes) -> bytes:
    return data


@pytest.fixture
def disk(tree: Tree) -> block.Disk:
    tree.disk()
    made = block.disk(tree.places, "sdb")
    assert made
    return made


def put(iso: Path, disk: block.Disk, target: Bad, said: list[str] | None = None) -> int:
    return write.write(iso, disk, target, say=(said if said is not None else []).append)


def test_the_stick_is_the_iso(tree: Tree, iso: Path, run: Run) -> None:
    device = tree.disk()
    device.write_bytes(os.urandom(SIZE))
    ended = run("write", "live", str(device), "--serial", "4C53", "--json")
    assert ended.status == 0, ended.err
    written = ended.json["written"]
    assert (written["device"], written["serial"]) == (str(device), "4C53")
    made, wanted = device.read_bytes(), iso.read_bytes()
    assert written["size"] == len(wanted)
    assert made[:446] == wanted[:446]
    assert made[20 * 512 : 3 * MIB] == wanted[20 * 512 : 3 * MIB]
    with device.open("rb") as file:
        table = gpt.read(file)
        assert table
        file.seek(SIZE - 512)
        assert file.read(8) == gpt.SIGNATURE


def test_it_tells_how_far_it_is(disk: block.Disk, iso: Path) -> None:
    said: list[str] = []
    assert put(iso, disk, Bad(well), said) == iso.stat().st_size
    assert any(line.startswith("writing: 3 MiB of 3 MiB") and " s left" in line for line in said)
    assert any(line.startswith("reading back: ") for line in said)


def fails_at(number: int) -> Callable[[Bad, int, bytes], bytes]:
    def fail(bad: Bad, _start: int, data: bytes) -> bytes:
        if bad.writes >= number:
            raise OSError(5, "Input/output error")
        return data

    return fail


def test_pulled_out_at_any_moment(disk: block.Disk, iso: Path) -> None:
    """The first MiB is what was there, or nothing, until everything else is."""
    whole = Bad(well)
    put(iso, disk, whole)
    assert whole.writes > 4
    for number in range(1, whole.writes + 1):
        target = Bad(fails_at(number))
        before = bytes(target.content[:HEAD])
        with pytest.raises(AbcdRunError, match="/dev/sdb fails: Input/output error"):
            put(iso, disk, target)
        assert target.content[:HEAD] == (before if number == 1 else bytes(HEAD)), number
    put(iso, disk, Bad(fails_at(whole.writes + 1)))


def test_the_first_piece_comes_last(disk: block.Disk, iso: Path) -> None:
    places: list[int] = []

    def noted(_bad: Bad, start: int, data: bytes) -> bytes:
        places.append(start)
        return data

    put(iso, disk, Bad(noted))
    assert (places[0], places[-1]) == (0, 0)
    assert 0 not in places[1:-1]


@pytest.mark.parametrize("place", [0, MIB, 2 * MIB, SIZE - MIB])
def test_a_stick_that_forgets(disk: block.Disk, iso: Path, place: int) -> None:
    def forget(_bad: Bad, start: int, data: bytes) -> bytes:
        inside = start <= place < start + len(data) or start >= place > SIZE // 2
        return b"\xff" + data[1:] if inside and any(data) else data

    target = Bad(forget)
    with pytest.raises(AbcdRunError, match="it gives back other data"):
        put(iso, disk, target)
    assert not any(target.content[:HEAD])


def test_interrupted(disk: block.Disk, iso: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        raise Interrupted("cancelled")

    monkeypatch.setattr(write, "check", check)
    target = Bad(well)
    with pytest.raises(Interrupted) as caught:
        put(iso, disk, target)
    assert "nothing on it starts" in caught.value.details
    assert not any(target.content[:HEAD])


def test_another_stick_at_its_place(disk: block.Disk, tree: Tree) -> None:
    with pytest.raises(UsageError, match="another disk than a moment ago"):
        write.recheck(tree.places, disk, _other(number="8:1"), needed=0, large=False)
    tree.fact("device/../../../../serial", "9999")
    with pytest.raises(UsageError, match="another disk") as caught:
        write.recheck(tree.places, disk, Bad(well), needed=0, large=False)
    assert "now it is Cruzer Blade 9999" in caught.value.details


def _other(*, number: str) -> Bad:
    other = Bad(well)
    other.number = number
    return other


def test_pulled_out_before(disk: block.Disk, tree: Tree) -> None:
    (tree.root / "sys/block/sdb").unlink()
    with pytest.raises(UsageError) as caught:
        write.recheck(tree.places, disk, Bad(well), needed=0, large=False)
    assert caught.value.details.endswith("gone")


@pytest.mark.parametrize(
    ("serial", "said"), [("4C54", "has 4C53"), ("", "has 4C53"), (None, "--serial 4C53")]
)
def test_another_serial_number(
    tree: Tree, iso: Path, run: Run, serial: str | None, said: str
) -> None:
    device = tree.disk()
    words = [] if serial is None else ["--serial", serial]
    ended = run("write", "live", str(device), *words)
    assert (ended.status, said in ended.err) == (2, True), iso
    assert not any(device.read_bytes())


@pytest.mark.parametrize(("typed", "status"), [("Cruzer Blade", 0), ("cruzer", 2), ("", 2)])
def test_the_model_is_typed(
    tree: Tree, iso: Path, run: Run, monkeypatch: pytest.MonkeyPatch, typed: str, status: int
) -> None:
    device = tree.disk()
    tree.partition("sdb1", "8:17")
    tree.inside("8:17", "vfat", "PHOTOS")
    ours, theirs = os.openpty()
    os.write(ours, f"{typed}\n".encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        ended = run("write", "live", str(device))
    os.close(ours)
    assert ended.status == status, (ended.err, iso)
    assert f"{device}: SanDisk Cruzer Blade, serial number 4C53, 16 MiB" in ended.err
    assert '  sdb1: 1 MiB vfat "PHOTOS"' in ended.err
    assert any(device.read_bytes()) == (status == 0)


def test_the_list(tree: Tree, run: Run) -> None:
    tree.disk(model="\x1b[31mEvil")
    ended = run("write", "--list")
    assert "SanDisk" in ended.out
    assert "can be written" in ended.out
    assert "\x1b" not in ended.out


def test_the_remedy_is_a_line_of_dd(tree: Tree, disk: block.Disk) -> None:
    words = ["bs=4M", "oflag=direct", "conv=fsync", "status=progress"]
    line = ["dd", "if=/dev/zero", f"of={tree.root / 'x'}", "count=1", *words]
    subprocess.run(line, check=True, capture_output=True)
    error = sticks._no_right(disk, "live")
    assert shlex.split(error.remedy.splitlines()[1])[4:] == words
