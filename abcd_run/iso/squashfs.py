"""The root file system: a tar, streamed into a squashfs.

We use tar2sqfs because `mksquashfs -tar` (4.5.1) makes the caller the owner of the root and other
directories without an entry, looks names up on this host instead of using the tar's numbers, stops
at a time before 1970, and needs 1.3 GB of memory where tar2sqfs needs 27 MB and the same time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO, TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.iso import tools

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Event

    from abcd_run.iso.system import Sink, WriteTar

PIPE_SIZE = 1 << 20
END = bytes(1024)  # of every complete tar


def make_squashfs(write_tar: WriteTar, target: Path, *, epoch: int, cancel: Event) -> None:
    """Write the tar's files, owners, devices, times and xattrs as a squashfs, as any user.

    zstd 3 takes a twentieth of the default level's time and makes the file a tenth larger.
    """
    argv: list[str | Path] = ["tar2sqfs", "--quiet", "--force"]
    argv += ["--compressor", "zstd", "--comp-extra", "level=3", "--block-size", "131072"]
    argv += ["--defaults", f"uid=0,gid=0,mode=0755,mtime={epoch}"]
    argv += ["--num-jobs", str(os.cpu_count() or 1), target]
    with tools.child(argv, epoch=epoch, cancel=cancel, stdin=subprocess.PIPE) as process:
        assert process.stdin
        _widen(process.stdin)
        stream = Stream(process.stdin)
        write_tar(stream)
        process.stdin.flush()
        stream.make_sure_it_ended()


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold more, where the kernel can: fewer turns from program to program."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415  (there is none on Windows)

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_SIZE)


class Stream:
    """The sink that the tar is written to; it remembers the last bytes.

    Otherwise a tar cut off between two files would look complete.
    """

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._last = b""

    def write(self, data: bytes | memoryview, /) -> int:
        """Pass DATA on."""
        self._out.write(data)
        self._last = (self._last + bytes(data[-len(END) :]))[-len(END) :]
        return len(data)

    def make_sure_it_ended(self) -> None:
        """Raise ArtifactError if the end of the tar is missing."""
        if self._last != END:
            raise ArtifactError("the root file system is cut off", details="the tar has no end")
