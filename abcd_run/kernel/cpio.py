"""The archive that a kernel unpacks after an initrd: files are added without unpacking that.

Its form is "newc", as in the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from abcd_run.iso.system import Sink

ALIGNED: Final = 4
LAST: Final = "TRAILER!!!"
LARGEST: Final = (1 << 32) - 1
"""Bytes of one file: its size has 32 bits."""


class Archive:
    """An archive in the making, behind `before` bytes of a file."""

    def __init__(self, sink: Sink, *, before: int) -> None:
        self._sink, self._written, self._number = sink, before, 0
        self._fill()

    def folder(self, name: str) -> None:
        """Add a folder; one that is there stays, with what is in it."""
        self._head(name, stat.S_IFDIR | 0o755, 0)

    def file(self, name: str, pieces: Iterable[bytes], *, size: int, mode: int = 0o444) -> None:
        """Add a file of `size` bytes, which belongs to root."""
        self._head(name, stat.S_IFREG | mode, size)
        for piece in pieces:
            self._write(piece)
        self._fill()

    def end(self) -> None:
        """Write the mark without which the kernel says that the archive is cut off."""
        self._head(LAST, 0, 0)

    def _head(self, name: str, mode: int, size: int) -> None:
        self._number += 1
        encoded = name.encode() + b"\0"
        # inode, mode, uid, gid, links, time, size, device of it, device that it is, name, sum
        fields = (self._number, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, len(encoded), 0)
        self._write(b"070701" + b"".join(b"%08x" % field for field in fields) + encoded)
        self._fill()

    def _write(self, data: bytes) -> None:
        self._sink.write(data)
        self._written += len(data)

    def _fill(self) -> None:
        """Zeros up to the next multiple of four: between two archives the kernel skips them."""
        self._write(bytes(-self._written % ALIGNED))
