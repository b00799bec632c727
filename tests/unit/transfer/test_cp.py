"""`cp`, as people and scripts type it: where things land, and what is said when they cannot."""

import itertools
import os
import stat
from pathlib import Path

import pytest

from abcd_run import Session
from abcd_run.errors import AbcdRunError, Interrupted
from abcd_run.session import inside as session_inside
from abcd_run.testing import tree
from abcd_run.testing.fake import FakeEngine
from abcd_run.transfer.pack import pack
from tests.unit.conftest import Run
from tests.unit.transfer.conftest import NAME


def left(folder: Path) -> list[str]:
    """The names of what a copy has not cleaned up."""
    return [one.name for one in folder.rglob(".abcd-run-*")]


def test_a_tree_comes_and_goes_unchanged(inside: Path, run: Run, tmp_path: Path) -> None:
    tree.make(tmp_path / "tree")
    there = run("--json", "cp", "-r", str(tmp_path / "tree"), f"{NAME}:in")
    assert there.status == 0, there.err
    back = run("--json", "cp", f"{NAME}:in", str(tmp_path / "out"))
    assert back.status == 0, back.err
    before = tree.facts(tmp_path / "tree")
    assert tree.facts(inside / "in") == before
    assert tree.facts(tmp_path / "out") == before
    files = sum(1 for mode, _, _ in before.values() if stat.S_ISREG(mode))
    assert there.json["copied"]["files"] == back.json["copied"]["files"] == files - 1  # a hard link
    assert back.json["copied"]["bytes"] > 300_000
    assert back.json["errors"] == []
    assert left(inside) == left(tmp_path) == []


@pytest.mark.parametrize(
    ("to", "lands"),
    [("", "one"), ("new", "new"), ("there", "there/one"), ("there/", "there/one"), (".", "one")],
)
@pytest.mark.parametrize("folder", [False, True])
def test_where_one_lands(inside: Path, run: Run, to: str, lands: str, folder: bool) -> None:
    """Into a folder that is there, else under the name given; both ways alike."""
    outside = Path.cwd()
    for top in (inside, outside):
        (top / "there").mkdir()
    for top, words in (
        (inside, ["source/one", f"{NAME}:{to}"]),
        (outside, [f"{NAME}:work/source/one", to or "."]),
    ):
        source = outside / "source/one" / ("f" if folder else "")
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text("text")
        assert run("cp", *words).status == 0
        assert (top / lands / ("f" if folder else "")).read_text() == "text"


def test_several_go_into_a_folder(inside: Path, run: Run) -> None:
    for name in ("one", "-two"):
        Path(name).write_text(name)
    (inside / "all").mkdir()
    assert run("cp", "--", "one", "-two", f"{NAME}:all").status == 0
    assert sorted(one.name for one in (inside / "all").iterdir()) == ["-two", "one"]
    Path("back").mkdir()
    assert run("cp", f"{NAME}:all/one", f"{NAME}:all/-two", "back").status == 0
    assert Path("back/-two").read_text() == "-two"
    refused = run("cp", "one", "--", "-two", f"{NAME}:nowhere")
    assert refused.status == 5
    assert "nowhere: no such folder" in refused.err
    assert run("cp", f"{NAME}:all/one", f"{NAME}:all/-two", "nowhere").status == 2


def test_a_folder_is_merged_with_one_of_its_name(inside: Path, run: Run) -> None:
    for top, words in ((inside, ("t", f"{NAME}:")), (Path("o"), (f"{NAME}:work/t", "o"))):
        (top / "t/sub").mkdir(parents=True, exist_ok=True)
        (top / "t/sub/old").write_text("old")
        (top / "t/sub/both").write_text("old")
        Path("t/sub").mkdir(parents=True, exist_ok=True)
        Path("t/sub/both").write_text("new")
        Path("t/sub/.new").write_text("new")
        assert run("cp", *words).status == 0
        read = {one.name: one.read_text() for one in (top / "t/sub").iterdir()}
        assert read == {"old": "old", "both": "new", ".new": "new"}


def test_contents_go_without_their_folder(inside: Path, run: Run) -> None:
    (inside / "to").mkdir()
    Path("t").mkdir()
    Path("t/f").write_text("text")
    for words in (("t/.", f"{NAME}:to"), ("t/.", f"{NAME}:fresh"), (f"{NAME}:work/t/.", "o")):
        assert run("cp", *words).status == 0
    for where in ("to", "fresh", "work/o"):
        assert (inside / where / "f").read_text() == "text"


def test_a_link_that_is_named_is_followed(inside: Path, run: Run) -> None:
    """As cp and scp do; those below are kept."""
    Path("t").mkdir()
    Path("t/f").write_text("text")
    for link, target in (("file", "t/f"), ("folder", "t"), ("nowhere", "no")):
        Path(link).symlink_to(target)
    for top, words in ((inside, ("{}", f"{NAME}:")), (Path("o"), (f"{NAME}:work/{{}}", "o"))):
        top.mkdir(exist_ok=True)
        for name in ("file", "folder"):
            assert run("cp", *(word.format(name) for word in words)).status == 0
        assert (top / "file").read_text() == (top / "folder/f").read_text() == "text"
        assert not (top / "file").is_symlink()
        assert not (top / "folder").is_symlink()
        dangling = run("cp", *(word.format("nowhere") for word in words))
        assert "nowhere: no such file or folder" in dangling.err


def test_neither_side_writes_through_a_link(inside: Path, run: Run) -> None:
    """A file replaces a link of its name; a folder refuses one."""
    for top, words in ((inside, ("t", f"{NAME}:")), (Path("o"), (f"{NAME}:work/t", "o"))):
        for name in ("kept", "t"):
            (top / name).mkdir(parents=True, exist_ok=True)
        (top / "kept/file").write_text("kept")
        (top / "t/file").symlink_to("../kept/file")
        Path("t").mkdir(exist_ok=True)
        Path("t/file").unlink(missing_ok=True)
        Path("t/file").write_text("new")
        assert run("cp", *words).status == 0
        assert (top / "t/file").read_text() == "new"
        assert not (top / "t/file").is_symlink()
        (top / "t/file").unlink()
        (top / "t/file").symlink_to("../kept")
        assert run("cp", *words).status == 0
        assert (top / "t/file").read_text() == "new"
        (top / "t/sub").symlink_to("../kept")
        Path("t/sub").mkdir(exist_ok=True)
        Path("t/sub/file").write_text("new")
        assert run("cp", *words).status == 5
        assert (top / "kept/file").read_text() == "kept"
        (Path("t/sub/file")).unlink()
        Path("t/sub").rmdir()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("one",), 2, "nothing to copy"),
        (("one", "two"), 2, "one side must be in an instance"),
        ((f"{NAME}:one", f"{NAME}:two"), 2, "from instance to instance"),
        (("./a:b", "two"), 2, "one side must be in an instance"),
        (("missing", f"{NAME}:"), 2, "missing: no such file or folder"),
        (("x" * 5000, f"{NAME}:"), 2, "no such file or folder"),
        ((f"{NAME}:work/one", "x" * 5000), 5, "File name too long"),
        (("one", "nobody:"), 2, "nobody"),
        ((f"{NAME}:one", "no/where"), 2, "no: No such file or directory"),
        ((f"{NAME}:one", "no/"), 2, "no/: no such folder"),
        (("one", f"{NAME}:no/where"), 5, "no: no such folder"),
        (("one", f"{NAME}:no/"), 5, "no: no such folder"),
        ((f"{NAME}:mis\x1b[31ms\ning", "."), 5, "ing: no such file or folder"),
        (("-q", "--most", "much", f"{NAME}:one", "."), 2, "'much' is not a size"),
        (("--most", "2", f"{NAME}:work/one", "."), 5, "more than 2 B"),
    ],
)
def test_what_cannot_be_copied(
    inside: Path, run: Run, words: tuple[str, ...], status: int, said: str
) -> None:
    Path("one").write_text("text")
    ended = run("cp", *words)
    assert ended.status == status
    assert said in ended.err
    assert "→" in ended.err
    assert "\x1b" not in ended.err
    assert ended.out == ""
    assert left(inside) == []


def test_it_is_refused_without_exec(
    inside: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nothing:
        pass

    monkeypatch.setattr(session_inside, "Executes", Nothing)
    ended = run("cp", f"{NAME}:one", ".")
    assert ended.status == 5
    assert "fake cannot run commands in its instances" in ended.err


def test_what_no_copy_can_have_is_left_out(inside: Path, run: Run) -> None:
    for words in (("t", f"{NAME}:"), (f"{NAME}:work/t", "o")):
        Path("t").mkdir(exist_ok=True)
        Path("t/pipe").unlink(missing_ok=True)
        os.mkfifo("t/pipe")
        Path("t/set").write_text("x")
        Path("t/set").chmod(0o6755)
        ended = run("--json", "cp", *words)
        assert ended.status == 0, ended.err
        assert ["pipe: a pipe" in one for one in ended.json["copied"]["left_out"]] == [True]
        assert "left out" in ended.err
    for top in (inside / "t", Path("o")):
        assert [one.name for one in top.iterdir()] == ["set"]
        assert (top / "set").stat().st_mode & 0o7777 == 0o755


def test_an_image_without_tar(inside: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (inside / "bin/sh").symlink_to("/bin/sh")
    (inside / "bin/env").symlink_to("/usr/bin/env")
    monkeypatch.setenv("PATH", str(inside / "bin"))
    ended = run("cp", f"{NAME}:work", ".")
    assert ended.status == 5
    assert "tar" in ended.err
    assert "needs sh and tar" in ended.err


def test_what_a_refused_copy_has_unpacked_is_gone(inside: Path, run: Run) -> None:
    """Even folders that nobody may write to."""
    tree.make(Path("t"))
    (inside / "t").mkdir()
    (inside / "t/closed").write_text("kept")
    ended = run("cp", "t", f"{NAME}:")
    assert ended.status == 5
    assert "t/closed: not a folder, where the copy has one" in ended.err
    assert (inside / "t/closed").read_text() == "kept"
    assert left(inside) == []


def tar_that(inside: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have another tar inside."""
    fake = inside / "bin/tar"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{inside}/bin:/usr/bin:/bin")


def test_what_can_only_partly_be_read_is_an_error(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is here all the same."""
    Path("t").mkdir()
    Path("t/f").write_text("text")
    words = 'printf "secret: \\033[2Jno\\n" >&2'
    tar_that(inside, f'/bin/tar "$@"; {words}; exit 2', monkeypatch)
    with Session() as lab, pytest.raises(AbcdRunError) as caught:
        lab.copy_out(NAME, "work/t", "o")
    assert caught.value.message.endswith("completely; the rest is here")
    assert caught.value.details == "secret: no"
    assert Path("o/f").read_text() == "text"


def test_an_instance_that_sends_nothing_is_given_up(
    inside: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("abcd_run.limits.COPY_SECONDS", 0.3)
    tar_that(inside, "exec sleep 60", monkeypatch)
    Path("big").write_bytes(bytes(1 << 20))
    for words in ((f"{NAME}:work", "o"), ("big", f"{NAME}:there")):
        ended = run("cp", *words)
        assert ended.status == 5
        assert "nothing has moved for 0.3 s" in ended.err


def test_a_copy_that_ends_early_leaves_nothing(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither side has half a file, nor a file that looks whole."""
    Path("big").write_bytes(os.urandom(4 << 20))
    (inside / "half").write_text("before")
    with Session() as lab:

        def interrupt(_: object, _count: int) -> None:
            lab.cancel()

        monkeypatch.setattr("abcd_run.transfer.meter.Meter.moved", interrupt)
        with pytest.raises(Interrupted):
            lab.copy_in(NAME, "big", "half")
        with pytest.raises(Interrupted):
            lab.copy_out(NAME, "work/big", "half")
    assert (inside / "half").read_text() == "before"
    assert not Path("half").exists()
    assert left(inside) == []


def test_an_archive_without_its_end_is_no_copy(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if it ends between two files: a tar may take it for whole."""
    for name in ("a", "b"):
        (Path("t") / name).mkdir(parents=True)
    cut = "abcd_run.transfer.copying.pack"
    monkeypatch.setattr(cut, lambda *words: itertools.islice(pack(*words), 3))
    with Session() as lab, pytest.raises(AbcdRunError) as caught:
        lab.copy_in(NAME, "t", "there")
    assert "ended before its end" in caught.value.details
    assert not (inside / "there").exists()
    assert left(inside) == []


def test_a_file_that_shrinks_is_no_copy(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("big").write_bytes(bytes(4 << 20))

    def shrink(_: object, _count: int) -> None:
        os.truncate("big", 1000)

    monkeypatch.setattr("abcd_run.transfer.meter.Meter.moved", shrink)
    with Session() as lab, pytest.raises(AbcdRunError, match="became shorter"):
        lab.copy_in(NAME, "big", "there")
    assert not (inside / "there").exists()
    assert left(inside) == []


def test_progress_names_bytes_and_rate(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("abcd_run.transfer.meter.SAY_SECONDS", 1e-9)
    Path("big").write_bytes(bytes(4 << 20))
    said: list[str] = []
    with Session(progress=lambda event: said.append(event.text)) as lab:
        copied = lab.copy_in(NAME, [Path("big")], "there")
    assert (copied.files, copied.bytes) == (1, 4 << 20)
    assert said[-1].startswith("copied 4 MiB, ")
    assert said[-1].endswith("iB/s")


def test_an_instance_is_completed_as_the_beginning_of_a_place(
    inside: Path, engine: FakeEngine
) -> None:
    from abcd_run.commands.options import complete_place

    assert complete_place("we") == [f"{NAME}:"]
    assert complete_place(f"{NAME}:") == complete_place("./we") == []
