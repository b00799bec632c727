"""Sparse files: their maps must be complete, and must not ask for more than is stored.

GNU tar, which LXD uses to unpack, reads as much as a map says. A map that says too much, or that
GNU tar gives up on half-way, makes it read a file's content as entries, whose names nobody checked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from abcd_run.limits import EXTENSION_BYTES
from abcd_run.oci import tarformat as tf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abcd_run.oci.stream import Stream
    from abcd_run.oci.tarread import Entry

PREFIX = "GNU.sparse."
NAME = "GNU.sparse.name"
IN_HEADERS = {"GNU.sparse.map", "GNU.sparse.numblocks", "GNU.sparse.size"}
IN_DATA = {"GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.realsize"}
"""The records of PAX formats 0.1 and 1.0; format 0.0 repeats its keys and is obsolete."""

FIELD = 12
FIRST_FIELDS, OTHER_FIELDS, REAL_SIZE = slice(386, 482), slice(0, 504), slice(483, 495)
FIXED = re.compile(rb"[0-7]{11}[\0 ]|\x80\0{3}[\x00-\x7f].{7}", re.DOTALL)
DIGITS = 18
DECIMAL = re.compile(rb"[0-9]{1,%d}" % DIGITS)


def stored(entry: Entry, stream: Stream) -> Iterator[bytes | memoryview]:
    """Yield an entry's stored data, padded; TarError if its map is invalid."""
    whole = entry.size + tf.padding(entry.size)
    head = _checked(entry, stream, whole)
    if head:
        yield head
    yield from stream.pieces(whole - len(head))


def _checked(entry: Entry, stream: Stream, whole: int) -> bytes:
    """Check an entry's map, and return the blocks of data that had to be read for it."""
    records = {key for key in entry.pax if key.startswith(PREFIX)} - {NAME}
    head = b""
    if entry.kind == tf.GNU_SPARSE and not records:
        numbers, real = _in_blocks(entry), _field(entry, entry.header[REAL_SIZE])
    elif not records and NAME not in entry.pax:
        return b""
    elif entry.kind == tf.REGULAR and records == IN_HEADERS:
        numbers, real = _in_records(entry), _record(entry, "size")
    elif entry.kind == tf.REGULAR and records == IN_DATA and _version(entry) == (1, 0):
        (numbers, head), real = _in_data(entry, stream, whole), _record(entry, "realsize")
    else:
        raise tf.TarError(f"{entry.name!r} has a sparse map of an unknown format")
    _fit(entry, numbers, real=real, room=whole - len(head))
    return head


def _fit(entry: Entry, numbers: list[int], *, real: int, room: int) -> None:
    """Check that the pieces (`numbers` are offset, size, offset …) fit the file and its data."""
    end = 0
    for offset, size in zip(numbers[::2], numbers[1::2], strict=True):
        room -= size + tf.padding(size)
        if offset < end or offset + size > real or room < 0:
            raise tf.TarError(f"the sparse map of {entry.name!r} does not fit what is stored")
        end = offset + size


def _in_blocks(entry: Entry) -> list[int]:
    starts = range(tf.BLOCK, len(entry.header), tf.BLOCK)
    others = (entry.header[at : at + tf.BLOCK][OTHER_FIELDS] for at in starts)
    *full, last = entry.header[FIRST_FIELDS], *others
    # A reader may stop at an empty field, so only the last block may have one.
    used = b"".join(full) + _until_empty(last)
    return [_field(entry, used[at : at + FIELD]) for at in range(0, len(used), FIELD)]


def _until_empty(block: bytes) -> bytes:
    pairs = range(0, len(block), 2 * FIELD)
    return block[: next((at for at in pairs if not (block[at] and block[at + FIELD])), len(block))]


def _in_records(entry: Entry) -> list[int]:
    numbers = [_number(text, entry) for text in entry.pax["GNU.sparse.map"].split(b",")]
    if len(numbers) != 2 * _record(entry, "numblocks"):
        raise tf.TarError(f"the sparse map of {entry.name!r} does not have the length it claims")
    return numbers


def _in_data(entry: Entry, stream: Stream, room: int) -> tuple[list[int], bytes]:
    """Read the map before the data, one decimal number per line, and the blocks that it fills."""
    head, start, numbers, wanted = bytearray(), 0, list[int](), 1
    while len(numbers) < wanted:
        end = head.find(b"\n", start, start + DIGITS + 1)
        if end >= 0:
            numbers.append(_number(bytes(head[start:end]), entry))
            wanted, start = 1 + 2 * numbers[0], end + 1
        elif len(head) - start > DIGITS or len(head) + tf.BLOCK > min(room, EXTENSION_BYTES):
            raise tf.TarError(f"the sparse map of {entry.name!r} does not end")
        else:
            head += stream.take(tf.BLOCK)
    return numbers[1:], bytes(head)


def _version(entry: Entry) -> tuple[int, int]:
    return _record(entry, "major"), _record(entry, "minor")


def _record(entry: Entry, key: str) -> int:
    return _number(entry.pax[PREFIX + key], entry)


def _field(entry: Entry, field: bytes) -> int:
    """Read a number, if every reader would read it alike."""
    if not FIXED.fullmatch(field):
        raise _not_a_number(field, entry)
    return tf.number(field)


def _number(text: bytes, entry: Entry) -> int:
    if not DECIMAL.fullmatch(text):
        raise _not_a_number(text, entry)
    return int(text)


def _not_a_number(text: bytes, entry: Entry) -> tf.TarError:
    return tf.TarError(f"the sparse map of {entry.name!r} has {text[:40]!r} instead of a number")
