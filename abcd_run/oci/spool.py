"""Write input of unknown length to a disk without filling the disk."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Protocol

from abcd_run.concurrency.cancel import check
from abcd_run.errors import ArtifactError
from abcd_run.host.part_file import helps
from abcd_run.limits import IMAGE_BYTES, MIB, RESERVED_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = MIB
LOOK_BYTES = 64 * MIB  # between two checks of the space left


class Readable(Protocol):
    """A pipe, a file or another stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; empty only at the end."""
        ...


def copy(stream: Readable, out: IO[bytes]) -> int:
    """Copy a stream into a buffered file and return its size; OSError if there is no room.

    An unbuffered file may silently write only a part. Room is the disk's free space beyond a
    reserve that is left for others.
    """
    size = looked = 0
    while data := stream.read(CHUNK):
        check()
        if size + len(data) - looked >= LOOK_BYTES:
            looked = size
            _refuse_full(out.fileno(), size)
        out.write(data)
        size += len(data)
    out.flush()
    return size


def _refuse_full(fd: int, size: int) -> None:
    if sys.platform != "win32":
        disk = os.fstatvfs(fd)
        if disk.f_bavail * disk.f_frsize < RESERVED_BYTES + LOOK_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if size > IMAGE_BYTES:
        raise OSError(errno.EFBIG, f"goes on after {IMAGE_BYTES} bytes")


@contextmanager
def scratch(what: str) -> Iterator[IO[bytes]]:
    """Open a nameless file in TMPDIR; errors name that folder."""
    import tempfile  # noqa: PLC0415 - costs 5 ms, and only compressed archives need it

    try:
        with tempfile.TemporaryFile() as file:
            yield file
    except OSError as error:
        folder = tempfile.tempdir or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - a message
        raise ArtifactError(
            f"cannot unpack {what} into {folder}",
            details=error.strerror or str(error),
            remedy=helps(error, folder, "TMPDIR"),
        ) from error
