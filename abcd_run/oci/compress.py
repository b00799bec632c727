"""Compress at speeds that suit a launch: zstd or gzip at level 1 on all cores, or not at all."""

from __future__ import annotations

import gzip
import os
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, Any, Literal, cast

from abcd_run.errors import ArtifactError
from abcd_run.host import this_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

Compression = Literal["auto", "zstd", "gzip", "none"]
SUFFIXES = {"zstd": ".tar.zst", "gzip": ".tar.gz", "none": ".tar"}
LEVEL = 1


def chosen(compression: Compression) -> str:
    """Resolve `auto` to the fastest compression that is installed."""
    if compression != "auto":
        return compression
    return "zstd" if find_spec("zstandard") else "gzip"


@contextmanager
def compressing(out: IO[bytes], compression: Compression) -> Iterator[IO[bytes]]:
    """Wrap a file so that writes to it are compressed; the file stays open."""
    kind = chosen(compression)
    if kind == "none":
        yield out
        return
    with (_zstd if kind == "zstd" else _gzip)(out) as writer:
        yield writer


def _zstd(out: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    try:
        import zstandard  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ArtifactError(
            "zstd needs the Python package 'zstandard'", remedy=this_python.install("abcd-run[oci]")
        ) from error
    context = zstandard.ZstdCompressor(level=LEVEL, threads=-1)
    return cast(IO[bytes], context.stream_writer(out, closefd=False))


def _gzip(out: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    try:
        from isal import igzip_threaded  # noqa: PLC0415 - optional
    except ImportError:
        plain = gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=out, mtime=0)
        return cast(IO[bytes], plain)
    threads = os.cpu_count() or 1
    opened = cast(Any, igzip_threaded).open(out, "wb", compresslevel=LEVEL, threads=threads)
    return cast(IO[bytes], opened)
