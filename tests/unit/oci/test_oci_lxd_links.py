"""Whatever the layers say, an LXD image holds `metadata.yaml`, `rootfs/` and what is below it.

LXD follows links under other names as root of the host. What counts is what its reader, GNU tar,
finds.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcd_run.errors import ArtifactError
from abcd_run.oci import tarformat
from abcd_run.oci.lxd import write_lxd_image
from tests.unit.fuzzing import examples
from tests.unit.oci.making import Tar, image

if TYPE_CHECKING:
    from pathlib import Path

INIT = Tar().file("sbin/init", b"#!", mode=0o755).bytes()
TRAP = tarfile.TarInfo("templates")
TRAP.type, TRAP.linkname = tarfile.SYMTYPE, "/etc"
HIDDEN = TRAP.tobuf(tarfile.GNU_FORMAT)
"""A header for a link at LXD's `templates`, hidden in layers as the content of a file."""

BAIT = Tar().file("bait", HIDDEN).bytes()


def entries_of(folder: Path, *layers: bytes, whole: bool = True) -> list[str]:
    """Convert, and return the entries that GNU tar finds, kinds before names.

    Unless it must be `whole`, tar may complain about it.
    """
    out = io.BytesIO()
    write_lxd_image(image(folder, INIT, *layers), out, compression="none")
    ended = subprocess.run(
        ["tar", "--list", "--verbose", "--numeric-owner", "--file", "-"],
        input=out.getvalue(),
        capture_output=True,
        check=False,
    )
    assert not whole or (ended.returncode, ended.stderr) == (0, b"")
    lines = (line.split(maxsplit=5) for line in ended.stdout.decode(errors="replace").splitlines())
    return [f"{fields[0][0]} {fields[5]}" for fields in lines]


def check(entries: list[str]) -> None:
    first, *others = entries
    assert first == "- metadata.yaml"
    assert all(entry[2:].startswith("rootfs/") for entry in others)
    assert "d rootfs/" in others


def old_sparse(*pieces: tuple[int, int], more: bytes = b"", size: int = 512) -> bytes:
    info = tarfile.TarInfo("holes")
    info.size = size
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[156:157] = b"S"
    fields = b"".join(tarformat.octal(number, 12) for piece in pieces for number in piece)
    block[386 : 386 + len(fields)] = fields
    block[482] = bool(more)
    block[483:495] = tarformat.octal(4096, 12)
    return tarformat.seal(block) + more


def pax_sparse(body: bytes, records: dict[str, str]) -> bytes:
    info = tarfile.TarInfo("holes")
    info.size = len(body)
    info.pax_headers = {f"GNU.sparse.{key}": value for key, value in records.items()}
    return info.tobuf(tarfile.PAX_FORMAT) + body


def with_map_in_data(text: str, *, real: int = 4096) -> bytes:
    body = text.encode().ljust(512, b"\0") + bytes(512)
    return pax_sparse(body, {"major": "1", "minor": "0", "realsize": str(real)})


def with_map_in_header(numbers: str, *, count: int = 1, stored: int = 512) -> bytes:
    records = {"size": "4096", "numblocks": str(count), "map": numbers}
    return pax_sparse(bytes(stored), records)


def trap_in_size(field: bytes) -> bytes:
    """Return a file of 512 bytes whose size GNU tar does not read as a number."""
    block = bytearray(tarfile.TarInfo("odd").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = field
    return tarformat.seal(block) + HIDDEN


TRAPS = {
    "more than is stored": old_sparse((0, 1024)) + bytes(512),
    "further blocks that nobody reads": old_sparse((0, 512), more=bytes(512), size=1024)
    + bytes(512)
    + HIDDEN,
    "beyond the file's end": old_sparse((4000, 512)) + bytes(512),
    "in disorder": old_sparse((512, 256), (0, 256)) + bytes(512),
    "more than is stored, in a record": with_map_in_header("0,1024"),
    "fewer than it claims": with_map_in_header("0,512", count=2),
    "no numbers": with_map_in_header("0,+512"),
    "more than is stored, in the data": with_map_in_data("1\n0\n1024\n"),
    "too long a number": with_map_in_data("1\n0\n99999999999999999999\n"),
    "a map that gives up half-way": with_map_in_data("2\n0\n8\n4090\n8\n"),
    "a map without end": with_map_in_data("700\n"),
    "of no known format": pax_sparse(bytes(512), {"offset": "0", "numbytes": "1024"}),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_maps_of_holes_that_readers_differ_about_are_refused(tmp_path: Path, trap: str) -> None:
    with pytest.raises(ArtifactError, match="sparse map"):
        entries_of(tmp_path, TRAPS[trap] + BAIT)


@pytest.mark.parametrize("field", [b"\0\0001000\0\0\0\0\0\0", b"0" * 8 + b"1000"])
def test_sizes_are_written_as_all_readers_read_them(tmp_path: Path, field: bytes) -> None:
    entries = entries_of(tmp_path, trap_in_size(field) + BAIT)
    check(entries)
    assert "- rootfs/odd" in entries


def test_holes_stay_holes(tmp_path: Path) -> None:
    """GNU tar reads whatever passes as we do."""
    many = b"".join(tarformat.octal(number, 12) for at in range(8) for number in (at * 8, 1))
    more = many.ljust(483, b"\0").ljust(512, b"\0")
    first = [(0, 0)] * 4
    layers = [
        old_sparse((0, 100), (3000, 100), size=1024) + bytes(1024),
        old_sparse(*first, more=more, size=8 * 512) + bytes(8 * 512),
        with_map_in_header("0,9,99,9", count=2, stored=1024),
        with_map_in_data("1\n4000\n96\n"),
    ]
    for number, layer in enumerate(layers):
        folder = tmp_path / str(number)
        folder.mkdir()
        entries = entries_of(folder, layer + BAIT)
        check(entries)
        assert {"- rootfs/holes", "- rootfs/bait"} <= set(entries)


@pytest.mark.parametrize("name", ["templates", "metadata.yaml", "exec-output", "backup.yaml"])
@pytest.mark.parametrize("before", ["", "/", "./", "rootfs/"])
def test_links_are_inside_only(tmp_path: Path, name: str, before: str) -> None:
    layer = Tar().link(f"{before}{name}", "/etc/cron.d").folder(f"{before}{name}x")
    if before == "/":
        with pytest.raises(ArtifactError, match="absolute name"):
            entries_of(tmp_path, layer.bytes())
    else:
        check(entries_of(tmp_path, layer.bytes()))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.REGTYPE])
@pytest.mark.parametrize("name", [".", "./", "./."])
def test_the_root_is_a_directory(tmp_path: Path, name: str, kind: bytes) -> None:
    layer = Tar().add(name, kind, linkname="/etc").bytes()
    if kind == tarfile.REGTYPE and name.endswith("/"):  # how pre-POSIX tars wrote a directory
        check(entries_of(tmp_path, layer))
    else:
        with pytest.raises(ArtifactError, match="refused"):
            entries_of(tmp_path, layer)


FIELDS = st.tuples(st.integers(100, 511), st.binary(min_size=1, max_size=12))


@pytest.mark.slow
@given(
    st.sampled_from([*TRAPS.values(), Tar().file("a", HIDDEN).bytes()[:1024]]),
    st.lists(FIELDS, max_size=4),
)
@examples(300)
def test_no_header_gets_a_name_past_us(
    tmp_path_factory: pytest.TempPathFactory, layer: bytes, changes: list[tuple[int, bytes]]
) -> None:
    """A header with any field changed is refused, or GNU tar sees no names but ours."""
    changed = bytearray(layer)
    for at, value in changes:
        changed[at : min(at + len(value), tarformat.BLOCK)] = value[: tarformat.BLOCK - at]
    changed[: tarformat.BLOCK] = tarformat.seal(changed[: tarformat.BLOCK])
    try:
        entries = entries_of(tmp_path_factory.mktemp("layer"), bytes(changed) + BAIT, whole=False)
    except ArtifactError:
        return
    check(entries)
