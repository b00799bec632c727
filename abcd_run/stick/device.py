"""A disk that is open for us alone, read and written without the kernel's cache: Linux only."""

from __future__ import annotations

import errno
import mmap
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from abcd_run.host.open_flags import NOFOLLOW
from abcd_run.stick.content import CHUNK

if TYPE_CHECKING:
    from pathlib import Path

EJECT: Final = 0x5309
"""CDROMEJECT, which the kernel passes on to sticks too."""

if sys.platform == "linux":
    import fcntl

    class Device:
        """An open disk. Raises `OSError`, with EBUSY if the kernel uses any part of it."""

        def __init__(self, path: Path) -> None:
            flags = os.O_RDWR | os.O_EXCL | NOFOLLOW
            try:
                self._file = os.open(path, flags | os.O_DIRECT)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self._file = os.open(
                    path, flags
                )  # the file system under a loop may know no other way
            self._memory = mmap.mmap(-1, CHUNK)  # such reads and writes want a page's alignment

        def close(self) -> None:
            """Give it back."""
            os.close(self._file)
            self._memory.close()

        @property
        def number(self) -> str:
            """The kernel's number of what is open, as "major:minor"."""
            status = os.fstat(self._file)
            return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"

        @property
        def size(self) -> int:
            """Its size in bytes."""
            return os.lseek(self._file, 0, os.SEEK_END)

        def read(self, start: int, length: int) -> bytes:
            """Return bytes; both numbers are whole sectors, and at most CHUNK are read."""
            view = memoryview(self._memory)[:length]
            with view:
                got = os.preadv(self._file, [view], start)
            if got != length:
                raise OSError(errno.EIO, "it gives fewer bytes than it has")
            return self._memory[:length]

        def write(self, start: int, data: bytes) -> None:
            """Write whole sectors, at most CHUNK bytes."""
            self._memory[: len(data)] = data
            view = memoryview(self._memory)[: len(data)]
            with view:
                done = os.pwritev(self._file, [view], start)
            if done != len(data):
                raise OSError(errno.ENOSPC, "it takes fewer bytes than it has")

        def sync(self) -> None:
            """Wait until the disk has everything."""
            os.fsync(self._file)

        def eject(self) -> None:
            """Have a stick end what it does; one that cannot is pulled out as it is."""
            with suppress(OSError):
                fcntl.ioctl(self._file, EJECT)
