"""Blobs on disk, in a layout's folder or a span of a larger file, verified while being read."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from itertools import islice
from typing import TYPE_CHECKING, Self

from abcd_run.errors import ArtifactError
from abcd_run.host.open_flags import BINARY, UNBLOCKED
from abcd_run.limits import JSON_BYTES

if sys.platform == "win32":
    from threading import Lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from abcd_run.oci.interfaces import Reader, Source
    from abcd_run.oci.model import Descriptor

CHUNK = 1 << 20
GET_AGAIN = "get the image again"
DIGEST_DIGITS = {"sha256": 64, "sha512": 128}
HEX = frozenset("0123456789abcdef")


def digest_of(data: bytes) -> str:
    """Return the SHA-256 digest of bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_of_stream(stream: Reader) -> str:
    """Return the SHA-256 digest of a stream."""
    sha256 = hashlib.sha256()
    while data := stream.read(CHUNK):
        sha256.update(data)
    return f"sha256:{sha256.hexdigest()}"


def blob_name(digest: str) -> str:
    """Return a blob's path inside a layout; ArtifactError if the digest is not valid."""
    algorithm, _, digits = digest.partition(":")
    if len(digits) != DIGEST_DIGITS.get(algorithm) or not HEX.issuperset(digits):
        raise ArtifactError(f"{digest[:80]!r} is not a digest", remedy=GET_AGAIN)
    return f"blobs/{algorithm}/{digits}"


class Pinned:
    """A regular file held open, readable at any place by any thread; closed with its last user.

    `stored` is what it takes on the disk, which is less than its size if it has holes.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        status = os.fstat(fd)
        self.size = status.st_size
        # Some file systems do not report it, nor does Windows.
        blocks = int(getattr(status, "st_blocks", 0))
        self.stored = min(self.size, blocks * 512 or self.size)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file for reading; OSError if it is not a regular file.

        Opening a pipe would wait for a writer, and a device may do anything.
        """
        _refuse_irregular(path, path.stat().st_mode)
        file = cls(os.open(path, os.O_RDONLY | UNBLOCKED | BINARY))
        _refuse_irregular(path, os.fstat(file.fd).st_mode)
        return file

    if sys.platform == "win32":
        _turn = Lock()

        def read_at(self, place: int, size: int) -> bytes:
            """Return bytes from a place on."""
            with self._turn:
                os.lseek(self.fd, place, os.SEEK_SET)
                return os.read(self.fd, size)

    else:

        def read_at(self, place: int, size: int) -> bytes:
            """Return bytes from a place on."""
            return os.pread(self.fd, size, place)

    def __del__(self) -> None:
        os.close(self.fd)


def _refuse_irregular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))


class Span:
    """A part of a pinned file as a stream."""

    def __init__(self, file: Pinned, offset: int, size: int) -> None:
        self._file, self._at, self._end = file, offset, offset + size
        self.size, self.stored = size, min(size, file.stored)

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        data = self._file.read_at(self._at, min(size, self._end - self._at))
        self._at += len(data)
        return data

    def skip(self, size: int) -> int:
        """Skip ahead without reading; return how far."""
        end = min(self._at + size, self._end, self._file.size)
        moved, self._at = end - self._at, end
        return moved

    def close(self) -> None:
        """Do nothing: the file may have other users."""


class Memory:
    """Bytes as a stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = self.stored = len(data)

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        data, self._data = self._data[:size], self._data[size:]
        return data

    def close(self) -> None:
        """Hold nothing."""


def whole(path: Path) -> Span:
    """Open a file as a stream."""
    file = Pinned.open(path)
    return Span(file, 0, file.size)


def small(path: Path) -> bytes:
    """Read a JSON file, up to the size limit; OSError if it is not a regular file."""
    file = whole(path)
    pieces = iter(lambda: file.read(CHUNK), b"")
    return b"".join(islice(pieces, JSON_BYTES // CHUNK + 1))


def get_again(digest: str) -> str:
    """Return the remedy for a bad blob that is not ours."""
    del digest
    return GET_AGAIN


class CorruptError(ArtifactError):
    """A blob is missing, or does not match its digest."""


class Layout:
    """The blobs of an OCI image layout directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, digest: str) -> Reader:
        """Open a blob's file."""
        file = self.path / blob_name(digest)
        try:
            return whole(file)
        except OSError as error:
            raise CorruptError(
                f"{self.path}: blob {digest} is missing",
                details=str(error),
                remedy=self.spoilt(digest),
            ) from error

    def spoilt(self, digest: str) -> str:
        """Return the remedy for a missing or bad blob."""
        return get_again(digest)


class Verified:
    """A stream that raises CorruptError at its end unless digest and size are as promised.

    It then calls `spoilt` with the digest to get the remedy.
    """

    def __init__(
        self,
        inner: Reader,
        digest: str,
        size: int | None,
        name: str,
        spoilt: Callable[[str], str] = get_again,
    ) -> None:
        self._inner, self._digest, self._expected, self._name = inner, digest, size, name
        self._spoilt = spoilt
        self._algorithm = digest.partition(":")[0]
        self._hash = hashlib.new(self._algorithm)
        self._size = 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, checking at the end."""
        data = self._inner.read(size)
        self._hash.update(data)
        self._size += len(data)
        if not data or (self._expected is not None and self._size > self._expected):
            self._check()
        return data

    def _check(self) -> None:
        digest = f"{self._algorithm}:{self._hash.hexdigest()}"
        if digest != self._digest or self._expected not in {None, self._size}:
            raise CorruptError(
                f"{self._name} is corrupt",
                details=f"expected {self._expected or ''} {self._digest}, "
                f"read {self._size} bytes with {digest}",
                remedy=self._spoilt(self._digest),
            )

    def close(self) -> None:
        """Close the stream underneath."""
        self._inner.close()


def open_blob(source: Source, blob: Descriptor) -> Reader:
    """Open a blob, verified while it is read."""
    blob_name(blob.digest)
    name = f"{source.path}: blob {blob.digest}"
    return Verified(source.open(blob.digest), blob.digest, blob.size, name, source.spoilt)


def read_blob(source: Source, blob: Descriptor, *, limit: int = JSON_BYTES) -> bytes:
    """Read a small blob whole, and verify it."""
    if not 0 <= blob.size <= limit:
        raise ArtifactError(f"{source.path}: {blob.digest} is too large: {blob.size} bytes")
    reader = open_blob(source, blob)
    try:
        return b"".join(iter(lambda: reader.read(CHUNK), b""))
    finally:
        reader.close()
