"""Know that a file has the sum it should have, without reading it again each time.

A file's sum is recorded beside it with the file's size and modification time. While both are as
they were, the record is believed: a cut-off, replaced or rewritten file differs in one of them.
Otherwise the file is read again. What this does not see is a disk that returns other bytes than
were written; file systems and drives have their own sums against that.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from abcd_run.cancel import check

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """Read PATH and return its sha256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            check()
            digest.update(piece)
    return digest.hexdigest()


def known_sha256(path: Path, *, record: Path | None = None) -> str:
    """Return PATH's sha256: the recorded one when PATH is as it was then, else read anew."""
    recorded, *stamp = _recorded(record or record_of(path))
    return recorded if stamp == _stamp(path) else sha256_of(path)


def recorded_sha256(path: Path) -> str:
    """Return the sum PATH had when it was accepted, or "" when nothing is recorded."""
    return _recorded(record_of(path))[0]


def accept(path: Path, digest: str, *, record: Path | None = None) -> None:
    """Record that PATH, as it is now, has this sha256."""
    record = record or record_of(path)
    words = [digest, *_stamp(path)]
    if _recorded(record) != words:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(" ".join(words) + "\n")


def record_of(path: Path) -> Path:
    """Return where PATH's sum is recorded."""
    return path.with_name(path.name + ".checked")


def _stamp(path: Path) -> list[str]:
    status = path.stat()
    return [str(status.st_size), str(status.st_mtime_ns)]


def _recorded(record: Path) -> list[str]:
    words = record.read_text().split() if record.is_file() else []
    return words or [""]
