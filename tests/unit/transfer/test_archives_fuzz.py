"""Whatever archive an instance sends, it is written below the target or refused, soon."""

import io
import os
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcd_run.errors import Refused
from abcd_run.testing import tree as trees
from abcd_run.transfer.meter import Meter
from abcd_run.transfer.tree import Tree
from abcd_run.transfer.unpack import unpack
from tests.unit.fuzzing import examples

pytestmark = pytest.mark.slow

TEMPTING = ["a", "b", "a/b", "a/x", "old", "link", "link/x", "link/old", "../x", "../outside/old"]
TARGETS = st.sampled_from(["old", "../outside", "../outside/old", "..", "a", ""])
PATHS = (
    st.sampled_from(TEMPTING)
    | st.sampled_from(TEMPTING)
    | st.builds("/".join, st.lists(st.sampled_from(["a", "..", "link", "", "\x1b["]), max_size=4))
)
USUAL = st.sampled_from([b"0", b"0", b"1", b"2", b"5"])
KINDS = USUAL | USUAL | USUAL | st.sampled_from([b"3", b"6", b"S", b"L", b"x"])
NOISE = st.just(b"") | st.just(b"") | st.binary(max_size=2)
MODES = st.sampled_from([0, 0o644, 0o7777, 0o100])


def record(name: str, kind: bytes, link: str, data: bytes, mode: int) -> bytes:
    """Make one record, whatever it says."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, len(data), mode
    header = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    return header + data + bytes(-len(data) % 512)


RECORDS = st.lists(
    st.builds(record, PATHS, KINDS, TARGETS, st.sampled_from([b"", b"text", b"1 a=b\n"]), MODES),
    max_size=5,
)


@examples(400)
@given(RECORDS, st.sampled_from(["top", ""]), st.integers(0, 4096), NOISE)
def test_any_archive(records: list[bytes], name: str, at: int, noise: bytes) -> None:
    """Made of what may be dangerous, with some bytes changed."""
    archive = bytearray(record("./", b"5", "", b"", 0o755) + b"".join(records) + bytes(1024))
    archive[at : at + len(noise)] = noise
    with tempfile.TemporaryDirectory() as folder:
        outside, to = Path(folder) / "outside", Path(folder) / "to"
        for one in (outside, to):
            one.mkdir()
            (one / "old").write_text("kept")
        (to / "link").symlink_to("../outside")
        before = trees.facts(outside)
        sent(to, bytes(archive), name)
        assert trees.facts(outside) == before
        assert sorted(one.name for one in Path(folder).iterdir()) == ["outside", "to"]
        open_all(to)
        assert not list(to.rglob(".abcd-run-*"))


def sent(to: Path, archive: bytes, name: str) -> None:
    """Write an archive, or see it refused in one line that can be shown."""
    try:
        with closing(Tree(os.open(to, os.O_RDONLY))) as tree:
            unpack(io.BytesIO(archive), tree, name.encode(), Meter(most=1 << 20))
    except Refused as error:
        check(error)


def check(error: Refused) -> None:
    assert error.remedy
    assert f"{error.message}{error.details}{error.remedy}".isprintable()


def open_all(top: Path) -> None:
    """Give all folders modes with which they can be listed and removed."""
    for folder, folders, _ in os.walk(top):
        for one in folders:
            path = Path(folder) / one
            if not path.is_symlink():
                path.chmod(0o700)
