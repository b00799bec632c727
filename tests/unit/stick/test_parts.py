"""Partitions behind the ISO: for a seed, and for what a person saves."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from abcd_run.disk import gpt
from abcd_run.errors import ArtifactError
from abcd_run.session import sticks
from abcd_run.stick import keeping, parts
from abcd_run.stick.content import content
from tests.unit.conftest import Run
from tests.unit.disk import hybrids
from tests.unit.stick.trees import MIB, Tree

SIZE = 96 * MIB
START = 4 * MIB  # behind an ISO of 3 MiB and a bit
PROGRAMS = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def program(name: str) -> str:
    path = shutil.which(name, path=PROGRAMS)
    assert path, f"{name} is not installed"
    return path


def output(*words: str | Path) -> str:
    line = [program(str(words[0])), *map(str, words[1:])]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


def written(tree: Tree, run: Run, *words: str) -> Path:
    """Write a stick that was full of something else."""
    device = tree.disk(size=SIZE)
    device.write_bytes(os.urandom(MIB) * (SIZE // MIB))
    ended = run("write", "live", str(device), "--serial", "4C53", *words)
    assert ended.status == 0, ended.err
    return device


def read_table(device: Path) -> list[list[str]]:
    """Return number, start, sectors and name of the partitions, by another reader than ours."""
    shown = output("partx", "--show", "--noheadings", "-o", "NR,START,SECTORS,NAME", device)
    return [line.split() for line in shown.splitlines()]


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "given"
    path.write_text("ABCD_PASSWORD='of-the-stick'\nABCD_HOSTNAME='lab-1'\n")
    return path


def test_the_rest_of_the_stick(tree: Tree, iso: Path, run: Run, tmp_path: Path) -> None:
    device = written(tree, run, "--persist")
    size = SIZE - MIB - START
    *_, last = read_table(device)
    assert last[1:] == [str(START // 512), str(size // 512), "ABCD_PERSISTENT"]
    assert device.read_bytes()[MIB : 3 * MIB] == iso.read_bytes()[MIB : 3 * MIB]
    cut = tmp_path / "cut"
    cut.write_bytes(device.read_bytes()[START : START + size])
    assert "clean" in output("dumpe2fs", "-h", cut)
    output("e2fsck", "-fn", cut)
    assert output("e2label", cut).strip() == keeping.LABEL


def test_what_was_there_is_no_part_of_the_journal(tree: Tree, iso: Path, run: Run) -> None:
    device = written(tree, run, "--persist")
    first, end = journal_of(device)
    assert end - first >= 4 * MIB
    assert not any(device.read_bytes()[START + first + 4096 : START + end]), iso


def journal_of(device: Path) -> tuple[int, int]:
    """Return from where to where the journal is; its first block says what it is."""
    cut = device.with_name("cut")
    cut.write_bytes(device.read_bytes()[START : SIZE - MIB])
    block = int(output("dumpe2fs", "-h", cut).split("Block size:")[1].split()[0])
    numbers = sorted(map(int, output("debugfs", "-R", "blocks <8>", cut).split()))
    return numbers[0] * block, (numbers[-1] + 1) * block


def test_a_seed(tree: Tree, iso: Path, run: Run, seed: Path) -> None:
    device = written(tree, run, "--seed", str(seed))
    *_, last = read_table(device)
    assert last[1:] == [str(START // 512), "2048", "cidata"], iso
    raw = device.read_bytes()[START : START + MIB]
    assert raw[32808:32840].strip(b" ") == b"cidata"
    assert b"ABCD_PASSWORD='of-the-stick'\n" in raw


def test_a_seed_and_the_rest(tree: Tree, iso: Path, run: Run, seed: Path) -> None:
    device = written(tree, run, "--persist", "--seed", str(seed))
    names = [words[3:] for words in read_table(device)]
    assert names[-2:] == [["cidata"], ["ABCD_PERSISTENT"]], iso


def test_whoever_has_it_has_the_password(tree: Tree, iso: Path, run: Run, seed: Path) -> None:
    device = tree.disk()
    ended = run("write", "live", str(device), "--serial", "4C53", "--seed", str(seed))
    assert "whoever can read that has the password" in ended.err, iso
    assert "of-the-stick" not in ended.out + ended.err


def test_nothing_is_left_here(
    tree: Tree, iso: Path, run: Run, seed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And while it is made, nobody else can read it."""
    seen: list[Path] = []
    behind = sticks._behind

    def noted(*words: object, **named: object) -> tuple[parts.Part, ...]:
        made = behind(*words, **named)  # type: ignore[arg-type]
        seen.extend(part.file for part in made)
        assert all(stat.S_IMODE(one.parent.stat().st_mode) == 0o700 for one in seen)
        return made

    monkeypatch.setattr(sticks, "_behind", noted)
    written(tree, run, "--persist", "--seed", str(seed))
    assert [one.exists() for one in seen] == [False, False], iso


@pytest.mark.parametrize(
    ("size", "words"),
    [(START + 65 * MIB - MIB, ["--persist"]), (START + MIB, ["--hostname", "lab-1"])],
)
def test_no_room(tree: Tree, iso: Path, run: Run, size: int, words: list[str]) -> None:
    device = tree.disk(size=size)
    device.write_bytes(b"old!" * (size // 4))
    ended = run("write", "live", str(device), "--serial", "4C53", *words)
    assert (ended.status, "too little for" in ended.err) == (2, True), iso
    assert "what is saved needs 64 MiB behind it, a seed 1 MiB" in ended.err
    assert device.read_bytes() == b"old!" * (size // 4)


def test_just_room(tree: Tree, iso: Path, run: Run) -> None:
    device = tree.disk(size=START + parts.LEAST + MIB)
    assert run("write", "live", str(device), "--serial", "4C53", "--persist").status == 0, iso


def test_without_the_program(
    tree: Tree, iso: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PROGRAM", "mkfs.of-another-planet")
    device = tree.disk(size=SIZE)
    ended = run("write", "live", str(device), "--serial", "4C53", "--persist")
    assert (ended.status, "sudo apt install e2fsprogs" in ended.err) == (2, True), iso
    assert not any(device.read_bytes())


@pytest.mark.parametrize(
    ("table", "sector", "said"), [(False, 512, "no GUID"), (True, 4096, "4096")]
)
def test_an_iso_without_a_table(tmp_path: Path, table: bool, sector: int, said: str) -> None:
    path = hybrids.make(tmp_path / "iso", table=table)
    part = parts.Part("cidata", 2 * MIB, MIB, path)
    with path.open("rb") as file, pytest.raises(ArtifactError) as caught:
        content(file, size=8 * MIB, sector=sector, parts=[part])
    assert said in caught.value.details


def test_a_full_table() -> None:
    table = hybrids.TABLE
    for number in range(127):  # it has one already
        table = gpt.with_partition(table, "x", first=64 + number, sectors=1)
    with pytest.raises(gpt.Damaged, match="no room for another"):
        gpt.with_partition(table, "x", first=4096, sectors=1)


def test_the_images_look_for_that_label() -> None:
    """And both do so in the same way."""
    profiles = Path(__file__).parents[3] / "profiles"
    texts = [
        (profiles / name / "abcdik/files/usr/lib/abcd/persistent").read_text()
        for name in ("abcd4demo", "abcd")
    ]
    assert texts[0] == texts[1]
    assert f"= {keeping.LABEL} ]" in texts[0]
