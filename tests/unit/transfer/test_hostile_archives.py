"""Archives that an instance could send to write elsewhere, to fill the disk or never to end."""

import io
import os
import resource
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from abcd_run import limits
from abcd_run.errors import Refused
from abcd_run.testing import tree as trees
from abcd_run.transfer import tree as safe
from abcd_run.transfer.meter import Meter
from abcd_run.transfer.tree import Tree
from abcd_run.transfer.unpack import unpack
from abcd_run.transfer.values import Copied
from tests.unit.conftest import Run
from tests.unit.transfer.conftest import NAME

END = bytes(1024)


def member(name: str, data: bytes = b"", **facts: object) -> bytes:
    """Make one record of an archive, exactly as told."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in facts.items():
        setattr(info, key, value)
    header = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    return header + data + bytes(-len(data) % 512)


def folder(name: str, mode: int = 0o755) -> bytes:
    return member(name, type=tarfile.DIRTYPE, mode=mode)


def symlink(name: str, target: str) -> bytes:
    return member(name, type=tarfile.SYMTYPE, linkname=target)


def hard(name: str, target: str) -> bytes:
    return member(name, type=tarfile.LNKTYPE, linkname=target)


TOP = folder("./")


def listed(place: Path) -> list[str]:
    """The names in a folder."""
    return sorted(one.name for one in place.iterdir())


class Endless:
    """A stream that goes on for ever."""

    def __init__(self, first: bytes, then: Callable[[int], bytes]) -> None:
        self._left, self._then, self._count = first, then, 0

    def read(self, size: int, /) -> bytes:
        while len(self._left) < size:
            self._count += 1
            self._left += self._then(self._count)
        data, self._left = self._left[:size], self._left[size:]
        return data

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a secret beside the one that is written to."""
    (tmp_path / "secret").write_text("kept")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "to").mkdir()
    return tmp_path / "to"


@pytest.fixture(autouse=True)
def _nothing_outside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Whatever was sent, only the folder has changed, and no part is left in it."""
    yield
    if "place" in request.fixturenames:
        assert listed(tmp_path) == ["secret", "secrets", "to"]
        assert (tmp_path / "secret").read_text() == "kept"
        assert (tmp_path / "secret").stat().st_nlink == 1
        assert listed(tmp_path / "secrets") == []
        assert [one for one in (tmp_path / "to").rglob("*.part") if not one.is_symlink()] == []


def sent(place: Path, *records: bytes, name: str = "top", most: int = 1 << 20) -> Copied:
    """Write an archive of these records as `name` into the folder."""
    return stream(place, io.BytesIO(b"".join(records) + END), name=name, most=most)


def stream(place: Path, reader: Endless | io.BytesIO, *, name: str = "top", most: int) -> Copied:
    """Write a stream as `name` into the folder."""
    meter = Meter(most=most)
    with closing(Tree(os.open(place, os.O_RDONLY))) as tree:
        unpack(reader, tree, name.encode(), meter)
    return meter.copied()


@pytest.mark.parametrize(
    "name", ["../secret", "./../secret", "a/../../secret", "/etc/x", "//x", "..", "a/.."]
)
@pytest.mark.parametrize("top", ["top", ""])
def test_a_name_that_leads_outside(place: Path, name: str, top: str) -> None:
    with pytest.raises(Refused) as caught:
        sent(place, TOP, member(name, b"evil"), name=top)
    assert name in caught.value.details
    assert "leads outside" in caught.value.details


@pytest.mark.parametrize("target", ["..", "../..", "/", "{}", "../../secrets", "."])
def test_a_file_through_a_link_that_was_sent(place: Path, target: str) -> None:
    """The link is kept as it is, and nothing goes through it."""
    target = target.format(place.parent)
    with pytest.raises(Refused, match=r"cannot write top/link.*: "):
        sent(place, TOP, symlink("./link", target), member("./link/secret", b"evil"))
    assert (place / "top/link").readlink() == Path(target)


def test_a_file_through_a_chain_of_links(place: Path) -> None:
    records = [symlink(f"./l{n}", f"l{n + 1}") for n in range(9)]
    with pytest.raises(Refused):
        sent(place, TOP, *records, symlink("./l9", "../.."), member("./l0/secret", b"evil"))


def test_a_file_through_a_link_that_was_there(place: Path) -> None:
    (place / "top").mkdir()
    (place / "top/link").symlink_to("../../secrets")
    for record in (member("./link/x", b"evil"), folder("./link"), folder("./link/x")):
        with pytest.raises(Refused, match="top/link"):
            sent(place, TOP, record)


def test_a_file_replaces_a_link_and_not_what_it_leads_to(place: Path) -> None:
    sent(place, TOP, symlink("./x", "../../secret"), member("./x", b"evil"))
    assert (place / "top/x").read_text() == "evil"
    (place / "top/y").symlink_to("../../secret")
    sent(place, TOP, member("./y", b"evil"))
    assert not (place / "top/y").is_symlink()


@pytest.mark.parametrize(
    "target", ["../secret", "/etc/passwd", "../../secret", "", ".", "./nothing", "./link", "./sub"]
)
def test_a_hard_link_to_outside_or_to_no_file(place: Path, target: str) -> None:
    with pytest.raises(Refused):
        sent(place, TOP, folder("./sub"), symlink("./link", "../../secret"), hard("./hard", target))
    assert not (place / "top/hard").exists()


def test_a_hard_link_through_a_link(place: Path) -> None:
    with pytest.raises(Refused):
        sent(place, TOP, symlink("./up", "../.."), hard("./hard", "./up/secret"))


def test_a_hard_link_below_is_one(place: Path) -> None:
    sent(place, TOP, member("./a", b"text"), hard("./sub/b", "./a"), hard("./sub/b", "./a"))
    assert (place / "top/a").samefile(place / "top/sub/b")


def test_a_file_where_a_folder_was_and_a_folder_where_a_file_was(place: Path) -> None:
    with pytest.raises(Refused, match="cannot write top/a: "):
        sent(place, TOP, folder("./a"), member("./a/b"), member("./a", b"text"))
    with pytest.raises(Refused, match="cannot write top/f: "):
        sent(place, TOP, member("./f", b"text"), member("./f/b"))
    with pytest.raises(Refused, match="cannot write top/a: "):
        sent(place, TOP, folder("./a"), symlink("./a", "x"))


def test_what_answers_for_a_single_file(place: Path) -> None:
    """As the name that was asked for, and nothing beside it."""
    assert sent(place, member("./any/name", b"text"), name="mine").files == 1
    assert (place / "mine").read_text() == "text"
    for records in (
        [member("./a", b"1"), member("./b", b"2")],
        [symlink("./a", "/etc/passwd")],
        [hard("./a", "./b")],
        [folder("./a")],
        [member("./", b"")],
    ):
        with pytest.raises(Refused):
            sent(place, *records, name="other")
    with pytest.raises(Refused):
        sent(place, member("./a", b"1"), name="")
    assert listed(place) == ["mine", "other"]  # the first of two


def test_no_rights_and_no_devices_come_out(place: Path) -> None:
    nodes = [
        member("./null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        member("./disk", type=tarfile.BLKTYPE, devmajor=8),
        member("./pipe", type=tarfile.FIFOTYPE),
    ]
    copied = sent(
        place, TOP, *nodes, member("./su", b"x", mode=0o6755, uid=0), folder("./dir", 0o2775)
    )
    assert copied.left_out == ("./null: a device", "./disk: a device", "./pipe: a pipe")
    assert listed(place / "top") == ["dir", "su"]
    status = (place / "top/su").stat()
    assert (status.st_mode & 0o7777, status.st_uid) == (0o755, os.getuid())
    assert (place / "top/dir").stat().st_mode & 0o7777 == 0o775


def test_times_and_modes_beyond_all_bounds(place: Path) -> None:
    for mtime in (-1, 2**62, 0):
        sent(place, TOP, member("./f", b"x", mtime=mtime, mode=0o7777777))
    assert (place / "top/f").stat().st_mode & 0o7000 == 0o1000


def test_a_tree_of_a_hundred_folders_and_one_too_deep(place: Path) -> None:
    sent(place, TOP, member("./" + "d/" * 100 + "f", b"text"))
    assert (place / "top" / Path(*"d" * 100) / "f").read_text() == "text"
    with pytest.raises(Refused) as caught:
        sent(place, TOP, member("./" + "d/" * limits.TREE_DEPTH + "f", b"text"))
    assert "deeper" in caught.value.details


@pytest.mark.parametrize("name", ["x" * 256, "x" * 5000, "a\x1b[2J/\n" + "y" * 300])
def test_names_that_no_file_can_have(place: Path, name: str) -> None:
    with pytest.raises(Refused) as caught:
        sent(place, TOP, member(name, b"text"))
    assert caught.value.message.isprintable()
    assert caught.value.details.isprintable()


def test_names_with_control_characters_are_kept(place: Path) -> None:
    names = ["\x1b[2J", "new\nline", "\udcff", "-rf", " ", "~"]
    sent(place, TOP, *(member(f"./{name}", b"x") for name in names))
    assert listed(place / "top") == sorted(names)


def test_more_bytes_than_are_wanted(place: Path) -> None:
    """Refused before they are written; what was complete stays."""
    with pytest.raises(Refused, match="more than 1 MiB") as caught:
        sent(place, TOP, member("./a", bytes(1 << 19)), member("./b", bytes((1 << 19) + 1)))
    assert "--most" in caught.value.remedy
    assert listed(place / "top") == ["a"]


def test_an_archive_that_never_ends(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="more than 8 MiB"):
        stream(place, Endless(TOP, lambda n: member(f"./{n % 9}", bytes(99_999))), most=8 << 20)
    monkeypatch.setattr(limits, "COPY_ENTRIES", 500)
    with pytest.raises(Refused, match="more than 500 files"):
        stream(place, Endless(TOP, lambda n: member(f"./{n}")), most=1)
    with pytest.raises(Refused, match="more than 500 files"):
        stream(place, Endless(TOP, lambda _: folder("./same")), most=1)


def test_an_end_that_never_ends(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TRAILING_BYTES", 1 << 20)
    with pytest.raises(Refused):
        stream(place, Endless(TOP + END, lambda _: bytes(1 << 16)), most=1)


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_headers_of_gigabytes_and_headers_without_end(place: Path, kind: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 8 << 30
    large = info.tobuf(tarfile.GNU_FORMAT)
    with pytest.raises(Refused):
        stream(place, Endless(TOP + large, lambda _: bytes(b"a" * (1 << 16))), most=1 << 40)
    with pytest.raises(Refused):
        stream(place, Endless(TOP, lambda _: member("x", b"a\0", type=kind)), most=1 << 40)
    assert time.monotonic() - begun < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_file_that_claims_more_than_there_is(place: Path) -> None:
    for size in (1 << 19, 1 << 62):
        info = tarfile.TarInfo("./f")
        info.size = size
        cut = info.tobuf(tarfile.GNU_FORMAT) + b"only this"
        with pytest.raises(Refused):
            stream(place, io.BytesIO(TOP + cut), most=1 << 63)
    assert listed(place / "top") == []


def test_sparse_files_are_refused_by_name(place: Path) -> None:
    info = tarfile.TarInfo("./bomb")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.realsize": str(1 << 50)}
    with pytest.raises(Refused) as caught:
        sent(place, TOP, info.tobuf(tarfile.PAX_FORMAT))
    assert "bomb" in caught.value.details
    old = bytearray(member("./bomb", b""))
    old[156:157] = b"S"
    old[148:156] = b" " * 8
    old[148:156] = b"%06o\0 " % sum(old[:512])
    with pytest.raises(Refused) as caught:
        sent(place, TOP, bytes(old))
    assert "sparse" in caught.value.details


def test_a_full_disk_keeps_its_reserve(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe, "LOOK_BYTES", 1 << 10)
    monkeypatch.setattr(safe, "RESERVED_BYTES", 1 << 60)
    with pytest.raises(Refused, match=r"cannot write top/f: No space left"):
        sent(place, TOP, member("./f", bytes(1 << 16)))
    assert listed(place / "top") == []


def test_noise_is_no_archive(place: Path) -> None:
    for noise in (b"\x01" * 2048, b"sh: login banner\n" * 100, bytes(512) + b"x" * 512):
        with pytest.raises(Refused):
            stream(place, io.BytesIO(noise), most=1)


def test_a_folder_that_is_swapped_for_a_link_meanwhile(place: Path) -> None:
    """An instance may share the very folder: what it does there leads nowhere else."""

    class Swapping(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= 1024 and not (place / "top/a").is_symlink():
                (place / "top/a").rmdir()
                (place / "top/a").symlink_to("../../secrets")
            return super().read(512)

    with pytest.raises(Refused):
        stream(place, Swapping(TOP + folder("./a") + folder("./b") + member("./a/f") + END), most=1)


def test_a_guest_whose_tar_lies(
    inside: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, through the command: one clear error, and nothing anywhere else."""
    (inside / "evil").write_bytes(TOP + member("../../../evil\x1b[2J", b"evil") + END)
    fake = inside / "bin/tar"
    fake.write_text(f"#!/bin/sh\ncat {inside}/evil\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{inside}/bin:/usr/bin:/bin")
    before = trees.facts(tmp_path)
    ended = run("cp", f"{NAME}:work", "out")
    assert ended.status == 5
    assert "leads outside" in ended.err
    assert "\x1b" not in ended.err
    (inside / "work/out").rmdir()
    assert trees.facts(tmp_path) == before
