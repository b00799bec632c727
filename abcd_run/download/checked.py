"""Know that a file has the right checksum without reading it again each time.

A file's checksum is recorded beside it together with its stamp. While the stamp is unchanged, the
record is trusted: a truncated, replaced or rewritten file has a different stamp, even if its old
modification time was restored. Otherwise the file is read again. This does not detect a disk that
returns other bytes than were written; file systems and drives have their own checksums for that.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from abcd_run.concurrency.cancel import check
from abcd_run.host import regular_file
from abcd_run.host.file_stamp import stamp, stamp_of

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Sum:
    """A sha256 in hexadecimal, and the file's stamp at that time; both may be empty."""

    sha256: str = ""
    stamp: tuple[str, ...] = ()


def known(path: Path, *, record: Path | None = None) -> Sum:
    """Return PATH's checksum: the recorded one if PATH is unchanged, else freshly computed.

    The checksum is empty if the file changes while it is read.
    """
    recorded = _recorded(record or record_of(path))
    return recorded if recorded.stamp == tuple(stamp_of(path)) else _read(path)


def recorded_sha256(path: Path) -> str:
    """Return the checksum PATH had when it was accepted, or "" if none is recorded."""
    return _recorded(record_of(path)).sha256


def accept(path: Path, current: Sum, *, record: Path | None = None) -> None:
    """Record that PATH had this checksum when it had this stamp."""
    record = record or record_of(path)
    if _recorded(record) != current:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(" ".join([current.sha256, *current.stamp]) + "\n")


def record_of(path: Path) -> Path:
    """Return where PATH's checksum is recorded."""
    return path.with_name(path.name + ".checked")


def _read(path: Path) -> Sum:
    with regular_file.opened(path) as file:
        before = stamp(os.fstat(file.fileno()))
        digest = _digest(file)
        unchanged = stamp(os.fstat(file.fileno())) == before
    return Sum(digest, tuple(before)) if unchanged else Sum()


def sha256_of(path: Path) -> str:
    """Read PATH and return its sha256 in hexadecimal."""
    with regular_file.opened(path) as file:
        return _digest(file)


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(CHUNK):
        check()
        digest.update(piece)
    return digest.hexdigest()


def _recorded(record: Path) -> Sum:
    """Return what a record says; an empty checksum if it is not valid."""
    try:
        words = record.read_text(errors="replace").split()
    except FileNotFoundError:
        words = []
    if not words or not re.fullmatch("[0-9a-f]{64}", words[0]):
        return Sum()
    return Sum(words[0], tuple(words[1:]))
