"""Make a tar of files of this host, for `scripts.PUT`, in the dialect that every tar reads."""

import os
import stat
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from abcd_run.errors import AbcdRunError, Refused, UsageError
from abcd_run.oci import tarformat as tf
from abcd_run.transfer.meter import Meter
from abcd_run.visible import visible

CHUNK = 1 << 20
MODE = 0o1777
"""The bits of a mode that are copied: not those that give another user's rights."""

KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
NEW, END = b"new", b"end"
NESTED = 1_000_000
"""More folders than a path can have."""


def pack(sources: Sequence[tuple[Path, str]], meter: Meter) -> Iterator[bytes]:
    """Yield the tar of sources, each with its name inside, empty for its contents alone.

    A folder that could not be filled with its own mode gets it by the files `modes`.
    """
    yield _folder(NEW, 0o700, 0)
    closed: dict[bytes, list[bytes]] = {}
    links: dict[tuple[int, int], bytes] = {}
    for path, name in sources:
        top = NEW + (b"/" + os.fsencode(name) if name else b"")
        for place, inside, status in _walk(os.fsencode(path), top):
            meter.entry(os.fsdecode(place), status.st_size if stat.S_ISREG(status.st_mode) else 0)
            if stat.S_ISDIR(status.st_mode) and ~status.st_mode & stat.S_IRWXU:
                closed.setdefault(_deepest_first(inside, status.st_mode), []).append(inside)
            yield from _entry(place, inside, status, links, meter)
    for file, names in closed.items():
        yield _small(file, b"".join(b"./%b\0" % one for one in names))
    yield _small(END, b"")
    yield tf.END


def _deepest_first(folder: bytes, mode: int) -> bytes:
    return b"modes/%07d.%o" % (NESTED - folder.count(b"/"), mode & MODE)


def _small(name: bytes, data: bytes) -> bytes:
    info = tarfile.TarInfo(_text(name))
    info.size = len(data)
    return _header(info) + data + bytes(tf.padding(len(data)))


def _walk(top: bytes, name: bytes) -> Iterator[tuple[bytes, bytes, os.stat_result]]:
    """Yield a tree's paths, their names inside and their facts."""
    left = [(top, name)]
    while left:
        path, inside = left.pop()
        with _reads(path):
            status = os.lstat(path)
            yield path, inside, status
            if stat.S_ISDIR(status.st_mode):
                children = sorted(os.listdir(path), reverse=True)  # noqa: PTH208  (as bytes)
                left += [(path + b"/" + one, inside + b"/" + one) for one in children]


class _reads:  # noqa: N801  (used as a function)
    """Within the block, an error of the system names the path that cannot be read."""

    def __init__(self, path: bytes) -> None:
        self._path = path

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if not isinstance(error, OSError) or isinstance(error, BrokenPipeError | TimeoutError):
            return
        shown = visible(os.fsdecode(self._path))
        kind = UsageError if isinstance(error, FileNotFoundError) else AbcdRunError
        raise kind(f"cannot read {shown}: {error.strerror}", remedy=f"ls -ld {shown}") from error


def _entry(
    path: bytes,
    name: bytes,
    status: os.stat_result,
    links: dict[tuple[int, int], bytes],
    meter: Meter,
) -> Iterator[bytes]:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        yield _folder(name, mode | stat.S_IRWXU, status.st_mtime)
    elif stat.S_ISLNK(mode):
        with _reads(path):
            yield _link(name, status, tarfile.SYMTYPE, os.readlink(path))  # noqa: PTH115  (as bytes)
    elif not stat.S_ISREG(mode):
        meter.leave_out(os.fsdecode(path), KINDS.get(stat.S_IFMT(mode), "a device"))
    elif first := links.get((status.st_dev, status.st_ino)):
        yield _link(name, status, tarfile.LNKTYPE, first)
    else:
        if status.st_nlink > 1:
            links[status.st_dev, status.st_ino] = name
        yield from _file(path, name, meter)


def _file(path: bytes, name: bytes, meter: Meter) -> Iterator[bytes]:
    with _reads(path):
        # Not to wait, should it have become a pipe meanwhile.
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(opened, "rb", buffering=0) as file:  # noqa: PTH123  (a descriptor)
            status = os.fstat(opened)
            yield _header(_info(name, status, tarfile.REGTYPE, size=status.st_size))
            left = status.st_size
            while left:
                if not (piece := file.read(min(left, CHUNK))):
                    raise Refused(
                        f"{visible(os.fsdecode(path))} became shorter while it was copied",
                        remedy="copy it again once nothing writes to it",
                    )
                left -= len(piece)
                yield piece
                meter.moved(len(piece))
            yield bytes(tf.padding(status.st_size))
    meter.file()


def _folder(name: bytes, mode: int, mtime: float) -> bytes:
    info = tarfile.TarInfo(_text(name))
    info.type, info.mode, info.mtime = tarfile.DIRTYPE, mode & MODE, int(mtime)
    return _header(info)


def _link(name: bytes, status: os.stat_result, kind: bytes, target: bytes) -> bytes:
    info = _info(name, status, kind)
    info.linkname = _text(target)
    return _header(info)


def _info(name: bytes, status: os.stat_result, kind: bytes, *, size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(_text(name))
    info.type, info.mode, info.size = kind, status.st_mode & MODE, size
    info.mtime = int(status.st_mtime)
    return info


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
