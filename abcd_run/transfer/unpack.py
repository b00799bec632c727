"""Write what an instance sends: a hostile tar, into one folder of this host and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abcd_run import limits
from abcd_run.errors import Refused
from abcd_run.oci import tarformat as tf
from abcd_run.oci.stream import Stream, TruncatedError
from abcd_run.oci.tarread import Entry, entries
from abcd_run.transfer.pack import MODE
from abcd_run.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abcd_run.oci.interfaces import Reader
    from abcd_run.transfer.meter import Meter
    from abcd_run.transfer.tree import Tree

LATEST = 1 << 33
"""Seconds since 1970 that every file system can store as a time."""

LEFT_OUT = {tf.CHARDEV: "a device", tf.BLOCKDEV: "a device", tf.FIFO: "a pipe"}


def unpack(reader: Reader, tree: Tree, name: bytes, meter: Meter) -> None:
    """Write a folder's tar, or a single file's, as `name` into a tree.

    Without a name, a folder's contents go into the tree itself. Raises `Refused`.
    """
    stream = Stream(reader)
    single = False
    try:
        for entry in entries(stream):
            if single:
                raise _refused(entry, "more than the one file that was asked for")
            parts = _parts(entry.name)
            if entry.ordinal == 0:
                single = entry.kind != tf.DIRECTORY
                if bool(parts) != single or entry.kind in (tf.SYMLINK, tf.HARDLINK):
                    raise _refused(entry, "neither a file nor a whole folder")
            below = [] if single else parts
            _write(entry, stream, tree, [name, *below] if name else below, meter=meter, name=name)
        stream.drain(stream.position + limits.TRAILING_BYTES)
    except (tf.TarError, TruncatedError) as error:
        raise Refused(
            "what came out of the instance is no valid archive",
            details=visible(str(error)),
            remedy="copy it again; if it is refused again, do not trust that instance",
        ) from error
    tree.settle()


def _write(
    entry: Entry, stream: Stream, tree: Tree, place: list[bytes], *, meter: Meter, name: bytes
) -> None:
    meter.entry(entry.name, entry.size)
    if entry.kind == tf.DIRECTORY:
        mode, mtime = _mode(entry), _mtime(entry)
        tree.folder(place, mode=mode, mtime=mtime)
    elif entry.kind in LEFT_OUT:
        meter.leave_out(entry.name, LEFT_OUT[entry.kind])
    elif not place:
        raise _refused(entry, "a file where there must be a folder")
    elif entry.kind == tf.SYMLINK:
        tree.link(place, _target(entry))
    elif entry.kind == tf.HARDLINK:
        target = _parts(entry.link)
        if not target:
            raise _refused(entry, "a hard link to a folder")
        tree.hard_link(place, [name, *target] if name else target)
    elif entry.kind == tf.GNU_SPARSE or any(key.startswith("GNU.sparse.") for key in entry.pax):
        raise _refused(entry, "a sparse file, which may be larger than it says")
    else:
        pieces = _counted(entry, stream, meter)
        tree.file(place, pieces, mode=_mode(entry), mtime=_mtime(entry))
        meter.file()


def _counted(entry: Entry, stream: Stream, meter: Meter) -> Iterator[memoryview]:
    for piece in stream.pieces(entry.size):
        yield piece
        meter.moved(len(piece))


def _parts(name: str) -> list[bytes]:
    """Return a name's parts. Raises `TarError` if it leads anywhere but down."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts:
        raise tf.TarError(f"{name[:80]!r} leads outside")
    if len(parts) > limits.TREE_DEPTH:
        raise tf.TarError(f"{name[:80]!r}… is deeper than {limits.TREE_DEPTH} folders")
    return [part.encode("utf-8", "surrogateescape") for part in parts]


def _target(entry: Entry) -> bytes:
    if not entry.link:
        raise _refused(entry, "a link to nothing")
    return entry.link.encode("utf-8", "surrogateescape")


def _mode(entry: Entry) -> int:
    return tf.number(entry.header[100:108]) & MODE


def _mtime(entry: Entry) -> int:
    return min(max(tf.number(entry.header[136:148]), 0), LATEST)


def _refused(entry: Entry, why: str) -> tf.TarError:
    return tf.TarError(f"{entry.name[:80]!r} is {why}")
