"""Random ISOs: we read what pycdlib wrote, and a damaged one ends in one clear error."""

from __future__ import annotations

import tempfile
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from abcd_run.errors import ArtifactError
from abcd_run.iso.direct import direct_boot
from abcd_run.iso.install import auto_install, installs
from abcd_run.iso.medium import opened
from abcd_run.iso.read_menu import live_entry
from tests.unit.fuzzing import examples
from tests.unit.iso.discs import BLOCK, FILES, disc

SECONDS = 10
NAMES = st.text("abc.ü", min_size=1, max_size=90).filter(lambda name: name not in {".", ".."})
PATHS = st.lists(NAMES, min_size=1, max_size=9).map(lambda words: "/" + "/".join(words))
TREES = st.dictionaries(PATHS, st.binary(max_size=3000), min_size=1, max_size=12)


@cache
def whole() -> bytes:
    long = {f"/deep/{'n' * 200}{number}/a.yaml": b"install: {}" for number in range(3)}
    with tempfile.TemporaryDirectory() as folder:
        return disc(Path(folder) / "a.iso", {**FILES, **long}).read_bytes()


def is_tree(files: dict[str, bytes]) -> bool:
    """Tell whether no path is a file and a folder at once."""
    return not any(one.startswith(other + "/") for one in files for other in files)


@examples(60)
@given(TREES.filter(is_tree))
def test_reads_what_was_written(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        iso = disc(Path(folder) / "a.iso", files)
        with opened(iso) as medium:
            read = {path: b"".join(medium.pieces(file)) for path, file in medium.files()}
            one = {path: medium.find(path) for path in files}
            assert all(one.values())
            assert read == files


EDITS = st.lists(
    st.tuples(
        # The volume descriptors, the directories and their continuations are in the first blocks.
        st.one_of(st.integers(16 * BLOCK, 17 * BLOCK), st.integers(17 * BLOCK, 60 * BLOCK)),
        st.one_of(st.binary(min_size=1, max_size=12), st.sampled_from([b"\xff" * 8, bytes(8)])),
    ),
    max_size=12,
)


@pytest.mark.slow
@examples(400)
@given(EDITS, st.one_of(st.none(), st.integers(0, 60 * BLOCK)))
@example([], 17 * BLOCK)
@example([(23 * BLOCK + offset, b"\xff" * 8) for offset in range(0, 64, 8)], None)
@example([(at, bytes([32]) * 8) for at in range(20 * BLOCK, 40 * BLOCK, 512)], None)
def test_a_spoilt_one_ends_in_one_error(edits: list[tuple[int, bytes]], end: int | None) -> None:
    spoilt = bytearray(whole())
    for at, content in edits:
        if at < len(spoilt):
            spoilt[at : at + len(content)] = content
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        iso = Path(folder) / "a.iso"
        iso.write_bytes(spoilt[:end])
        for ask in (auto_install, lambda path: direct_boot(path, Path(folder) / "boot")):
            try:
                ask(iso)
            except ArtifactError as error:
                assert error.remedy  # noqa: PT017 - that there may be none is the point
    assert time.monotonic() - begun < SECONDS


WORDS = st.sampled_from(
    [
        "install",
        "auto",
        "true",
        ":",
        "{",
        "}",
        " ",
        "\n",
        "'",
        '"',
        ",",
        "#",
        "menuentry ",
        "linux ",
    ]
)


@examples(300)
@given(st.lists(WORDS, max_size=30).map("".join), st.integers(1, 20_000))
def test_no_text_takes_long(text: str, times: int) -> None:
    long = (text * times)[: 1 << 18]
    begun = time.monotonic()
    installs(long)
    live_entry(long)
    assert time.monotonic() - begun < SECONDS
