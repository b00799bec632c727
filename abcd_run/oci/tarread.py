"""Read a tar stream entry by entry: only the headers; the caller reads the data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from abcd_run import limits
from abcd_run.oci import tarformat as tf
from abcd_run.oci.stream import Stream, TruncatedError

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE_LIMIT = 1 << 50
SIZE_DIGITS = 40
PATH_LIMIT = 4096
GNU_LONG = {"L": "path", "K": "linkpath"}
EXTENSIONS = frozenset("xg") | GNU_LONG.keys()  # Go's tar reader, and so the engines, ignore "g"


@dataclass(slots=True)
class Entry:
    """One entry; `header` includes any GNU sparse blocks, `size` counts the stored bytes.

    `ordinal` is its place among the entries of the stream.
    """

    ordinal: int
    name: str
    kind: str
    size: int
    link: str
    header: bytes
    pax: dict[str, bytes] = field(default_factory=dict)


def entries(stream: Stream) -> Iterator[Entry]:
    """Yield each entry with the stream at its data; TarError says what is wrong.

    The caller may read some or all of the data before asking for the next entry.
    """
    ordinal, last = 0, ""
    try:
        while (entry := _next_entry(stream, ordinal)) is not None:
            last = entry.name
            end = stream.position + entry.size + tf.padding(entry.size)
            yield entry
            stream.skip(end - stream.position)
            ordinal += 1
    except TruncatedError as error:
        raise tf.TarError(f"{error}, after entry {last!r}") from error


def _next_entry(stream: Stream, ordinal: int) -> Entry | None:
    pax: dict[str, bytes] = {}
    count, left = 0, limits.EXTENSION_BYTES
    while (header := _header(stream)) is not None:
        kind = chr(header[156])
        if kind not in EXTENSIONS:
            return _entry(stream, ordinal, header, pax)
        data = _extension(stream, header, left)
        count, left = count + 1, left - len(data)
        if count > limits.EXTENSIONS:
            raise tf.TarError(f"more than {limits.EXTENSIONS} extension headers without an entry")
        if kind == "x":
            pax |= tf.parse_pax(data)
        elif kind in GNU_LONG:
            pax[GNU_LONG[kind]] = data.split(b"\0", 1)[0]
    if count:
        raise tf.TarError("an extension header without its entry at the end")
    return None


def _header(stream: Stream) -> bytes | None:
    if stream.at_end():
        return None
    header = stream.take(tf.BLOCK)
    if header == tf.ZEROS:
        if not stream.at_end() and stream.take(tf.BLOCK) != tf.ZEROS:
            raise tf.TarError("data after a block of zeros")
        return None
    tf.check(header)
    return header


def _extension(stream: Stream, header: bytes, left: int) -> bytes:
    size = tf.number(header[124:136])
    if not 0 <= size <= left:
        raise tf.TarError(f"an extension header of {size} bytes, but only {left} are left")
    data = stream.take(size)
    stream.skip(tf.padding(size))
    return data


def _entry(stream: Stream, ordinal: int, header: bytes, pax: dict[str, bytes]) -> Entry:
    name, link = _names(pax) if pax else ("", "")
    name, link = name or tf.header_name(header), link or tf.text(header[157:257])
    kind = _kind(header, name)
    size = _size(header, pax, name)
    if max(len(name), len(link)) > PATH_LIMIT:
        raise tf.TarError(f"a path of {max(len(name), len(link))} characters: {name[:80]!r}…")
    if kind in tf.DATALESS:
        if size and kind in {tf.CHARDEV, tf.BLOCKDEV, tf.FIFO}:
            raise tf.TarError(f"device or fifo {name!r} with {size} bytes of data")
        size = 0
    if kind == tf.GNU_SPARSE:
        header += _sparse_blocks(stream, header)
    return Entry(ordinal, name, kind, size, link, header, pax)


def _names(pax: dict[str, bytes]) -> tuple[str, str]:
    name = _pax_text(pax, "GNU.sparse.name") or _pax_text(pax, "path")
    return name, _pax_text(pax, "linkpath")


def _kind(header: bytes, name: str) -> str:
    kind = chr(header[156])
    kind = tf.REGULAR if kind in "\x007" else kind
    if kind == tf.REGULAR and name.endswith("/"):  # how pre-POSIX tars wrote a directory
        kind = tf.DIRECTORY
    if kind not in tf.KNOWN:
        raise tf.TarError(f"{name!r} has the unknown type {kind!r}")
    return kind


def _size(header: bytes, pax: dict[str, bytes], name: str) -> int:
    given = pax.get("size", b"")
    if given and not (given.isdigit() and len(given) < SIZE_DIGITS):
        raise tf.TarError(f"{name!r} has the size {given[:40]!r}")
    size = int(given) if given else tf.number(header[124:136])
    if not 0 <= size <= SIZE_LIMIT:
        raise tf.TarError(f"{name!r} claims {size} bytes")
    return size


def _sparse_blocks(stream: Stream, header: bytes) -> bytes:
    blocks: list[bytes] = []
    more = header[482]
    while more:
        blocks.append(stream.take(tf.BLOCK))
        more = blocks[-1][504]
        if len(blocks) * tf.BLOCK > limits.EXTENSION_BYTES:
            raise tf.TarError("a sparse map of more than 1 MiB")
    return b"".join(blocks)


def _pax_text(pax: dict[str, bytes], key: str) -> str:
    value = pax.get(key, b"")
    if b"\0" in value:
        raise tf.TarError(f"a NUL in pax {key} {value[:80]!r}")
    return value.decode("utf-8", "surrogateescape")
