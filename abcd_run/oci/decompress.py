"""Decompress according to the bytes themselves, whatever the media type says."""

from __future__ import annotations

import zlib
from typing import IO, TYPE_CHECKING, Any, cast

from abcd_run.errors import ArtifactError
from abcd_run.host import this_python
from abcd_run.limits import EXPANSION, EXPANSION_FREE, IMAGE_BYTES, ZSTD_WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from abcd_run.oci.interfaces import Reader

IN_CHUNK = 1 << 18
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ\0": "xz"}
# A gzip stream with more members than this must have at least so many bytes per member.
MEMBERS_FREE, MEMBER_BYTES = 1_000, 128
REMEDY = "get the image again"


class Peeked:
    """A reader with some bytes put back in front."""

    def __init__(self, head: bytes, inner: Reader) -> None:
        self._head, self._inner = head, inner

    def read(self, size: int, /) -> bytes:
        """Return the bytes put back, then what follows."""
        if self._head:
            head, self._head = self._head[:size], self._head[size:]
            return head
        return self._inner.read(size)

    def close(self) -> None:
        """Close the reader underneath."""
        self._inner.close()


class Counted:
    """A reader that counts the bytes read from it."""

    def __init__(self, inner: Reader) -> None:
        self._inner, self.size = inner, 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        data = self._inner.read(size)
        self.size += len(data)
        return data

    def close(self) -> None:
        """Close the reader underneath."""
        self._inner.close()


class Bounded:
    """A decompressed stream; ArtifactError if it grows out of proportion to the compressed one."""

    def __init__(self, unpacked: Reader, packed: Counted) -> None:
        self._inner, self._packed = unpacked, packed
        self._size = 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        data = self._inner.read(size)
        self._size += len(data)
        if self._size > min(IMAGE_BYTES, max(EXPANSION_FREE, EXPANSION * self._packed.size)):
            raise ArtifactError(
                f"compressed data expands to more than {self._size} bytes",
                details=f"only {self._packed.size} compressed bytes were read so far",
                remedy="do not use this image, or unpack it yourself if you trust its author",
            )
        return data

    def close(self) -> None:
        """Close the compressed stream."""
        self._inner.close()


class Gunzip:
    """A gzip stream with any number of members."""

    def __init__(self, inner: Reader) -> None:
        self._inner = inner
        self._new, self._broken = _inflater()
        self._member: Any = self._new()
        self._input, self._between = b"", True
        self._members = self._size = 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        while True:
            self._input = self._input or self._inner.read(IN_CHUNK)
            if self._between:
                self._input = self._input.lstrip(b"\0")  # padding between members
            ended = not self._input
            if ended and self._between:
                return b""
            if data := self._inflate(size):
                return data
            if ended:  # and the library held no output back
                raise _damaged("gzip", "the stream ends too early")

    def _inflate(self, size: int) -> bytes:
        try:
            data: bytes = self._member.decompress(self._input, size)
        except self._broken as error:
            raise _damaged("gzip", str(error)) from error
        self._size += len(data)
        self._between = self._member.eof
        if self._between:
            self._count_member()
            self._input = self._member.unused_data
            self._member = self._new()
        else:
            self._input = self._member.unconsumed_tail
        return data

    def _count_member(self) -> None:
        """Refuse streams of nearly empty members: each costs time, however small it is."""
        self._members += 1
        if self._members > MEMBERS_FREE and self._members * MEMBER_BYTES > self._size:
            raise _damaged("gzip", f"{self._members} nearly empty members")

    def close(self) -> None:
        """Close the compressed stream."""
        self._inner.close()


def _inflater() -> tuple[Callable[[], Any], Any]:
    """Choose isal if it is installed: it is three times as fast as zlib."""
    try:
        from isal import isal_zlib  # noqa: PLC0415 - optional, and only when something is inflated
    except ImportError:
        return (lambda: zlib.decompressobj(31)), zlib.error
    return (lambda: isal_zlib.decompressobj(31)), isal_zlib.error


class Unzstd:
    """A zstd stream with any number of frames."""

    def __init__(self, inner: Reader) -> None:
        try:
            import zstandard  # noqa: PLC0415 - optional, and only when something is inflated
        except ImportError as error:
            raise ArtifactError(
                "the image has zstd layers, but the Python package 'zstandard' is missing",
                remedy=this_python.install("abcd-run[oci]"),
            ) from error
        self._inner, self._broken = inner, zstandard.ZstdError
        context = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
        self._frames = context.stream_reader(cast(IO[bytes], inner), read_across_frames=True)

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        try:
            return self._frames.read(size)
        except self._broken as error:
            raise _damaged("zstd", str(error)) from error

    def close(self) -> None:
        """Close the compressed stream."""
        self._inner.close()


def _damaged(form: str, details: str) -> ArtifactError:
    return ArtifactError(f"a {form} stream is damaged", details=details, remedy=REMEDY)


def decompressed(blob: Reader) -> Reader:
    """Return the bytes inside a blob, which is gzip, zstd or plain."""
    head = blob.read(6)
    whole = Peeked(head, blob)
    packed = Counted(whole)
    if head.startswith(GZIP):
        return Bounded(Gunzip(packed), packed)
    if head.startswith(ZSTD):
        return Bounded(Unzstd(packed), packed)
    for magic, name in OTHERS.items():
        if head.startswith(magic):
            raise ArtifactError(
                f"compression {name} is not supported",
                remedy="copy the image with: skopeo copy --dest-compress …",
            )
    return whole
