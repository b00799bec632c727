"""A folder that is written to, and nothing outside it.

Each folder on the way is opened by its own name below the last one and never through a link:
neither names nor links, even new ones, lead elsewhere. What is new gets its name once it is whole.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from abcd_run.errors import Refused
from abcd_run.limits import MIB, RESERVED_BYTES
from abcd_run.visible import visible

Parts = Sequence[bytes]
"""A path below the folder, name by name."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
LOOK_BYTES = 64 * MIB
"""How much is written between two looks at the free space."""


class Tree:
    """A folder by its descriptor, which it closes, and the folders below that are open."""

    def __init__(self, top: int) -> None:
        self._open: list[tuple[bytes, int]] = [(b"", top)]
        self._part = f".abcd-run-{os.urandom(8).hex()}.part".encode()
        self._made: dict[tuple[bytes, ...], tuple[int, int | None]] = {}
        self._written = 0

    def close(self) -> None:
        """Close all descriptors."""
        while self._open:
            os.close(self._open.pop()[1])

    def folder(self, parts: Parts, *, mode: int, mtime: int) -> None:
        """Make a folder if there is none; one that is made gets mode and time by `settle`."""
        self._enter(parts)
        if tuple(parts) in self._made:
            self._made[tuple(parts)] = (mode, mtime)

    def file(self, parts: Parts, pieces: Iterable[memoryview], *, mode: int, mtime: int) -> None:
        """Write a file, and replace one of its name once it is whole."""

        def write(at: int) -> None:
            file = os.open(self._part, NEW, 0o600, dir_fd=at)
            try:
                for piece in pieces:
                    self._write(file, piece)
                os.fchmod(file, mode)
                os.utime(file, (mtime, mtime))
            finally:
                os.close(file)

        self._put(parts, write)

    def link(self, parts: Parts, target: bytes) -> None:
        """Make a symbolic link; nothing here ever follows it."""
        self._put(parts, lambda at: os.symlink(target, self._part, dir_fd=at))

    def hard_link(self, parts: Parts, target: Parts) -> None:
        """Give a file below another name. Raises `Refused` if it is no file."""
        self._enter(target[:-1])
        source = os.dup(self._open[-1][1])
        try:
            with _naming(target):
                status = os.stat(target[-1], dir_fd=source, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                raise _refused(target, "a hard link to what is no file")

            def write(at: int) -> None:
                os.link(
                    target[-1], self._part,
                    src_dir_fd=source, dst_dir_fd=at, follow_symlinks=False,
                )  # fmt: skip

            self._put(parts, write)
        finally:
            os.close(source)

    def settle(self) -> None:
        """Give the folders that were made their modes and times, the deepest first."""
        for parts in sorted(self._made, key=len, reverse=True):
            mode, mtime = self._made[parts]
            self._enter(parts)
            with _naming(parts):
                os.fchmod(self._open[-1][1], mode)
                if mtime is not None:
                    os.utime(self._open[-1][1], (mtime, mtime))

    def _put(self, parts: Parts, write: Callable[[int], None]) -> None:
        """Write something under the part's name, then rename it; a failure leaves nothing."""
        self._enter(parts[:-1])
        at = self._open[-1][1]
        try:
            with _naming(parts):
                write(at)
                os.rename(self._part, parts[-1], src_dir_fd=at, dst_dir_fd=at)
        finally:
            # Also after the rename, which does nothing between two names of one file.
            with suppress(FileNotFoundError):
                os.unlink(self._part, dir_fd=at)

    def _write(self, file: int, piece: memoryview) -> None:
        if self._written // LOOK_BYTES != (self._written + len(piece)) // LOOK_BYTES:
            _need_room(file)
        self._written += len(piece)
        while piece:
            piece = piece[os.write(file, piece) :]

    def _enter(self, parts: Parts) -> None:
        """Have a folder open as the last one; make it if there is none."""
        same = 0
        names = [name for name, _ in self._open[1:]]
        while same < min(len(parts), len(names)) and parts[same] == names[same]:
            same += 1
        while len(self._open) > same + 1:
            os.close(self._open.pop()[1])
        for count, name in enumerate(parts[same:], same + 1):
            with _naming(parts[:count]):
                opened, made = _opened(name, self._open[-1][1])
            self._open.append((name, opened))
            if made:
                self._made[tuple(parts[:count])] = (0o755, None)


def _opened(name: bytes, above: int) -> tuple[int, bool]:
    made = False
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=above)
        made = True
    return os.open(name, FOLDER, dir_fd=above), made


def _need_room(file: int) -> None:
    disk = os.fstatvfs(file)
    if disk.f_bavail * disk.f_frsize < RESERVED_BYTES + LOOK_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def _naming(parts: Parts) -> Iterator[None]:
    """Within the block, an error of the system names the path that it is about."""
    try:
        yield
    except (BrokenPipeError, TimeoutError):
        raise
    except OSError as error:
        raise _refused(parts, str(error.strerror)) from error


def _refused(parts: Parts, why: str) -> Refused:
    shown = visible(b"/".join(parts).decode("utf-8", "backslashreplace"))
    return Refused(f"cannot write {shown or 'the folder'}: {why}", remedy="name another folder")
