"""A command inside, with one stream of bytes to or from it, and its words about errors."""

import os
import selectors
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError as Unfinished
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import IO

from abcd_run import limits
from abcd_run.concurrency.cancel import check, elsewhere
from abcd_run.host import programs
from abcd_run.host.process_group import Process
from abcd_run.visible import visible

PIECE = 1 << 16
WORDS, WORDS_SECONDS = 4096, 5.0
"""How many bytes of a command's complaints are kept, and how long after its end one may read."""

LINES = 15

UNDO_SECONDS = 5.0
"""How long a command may take to undo what it has done with half of its input."""


class Silent(TimeoutError):
    """The other side has moved too few bytes for too long."""


class Piped:
    """A running command's stream: `read` what it prints, or `write` and `finish` its input."""

    def __init__(self, process: Process, stream: IO[bytes], words: IO[bytes]) -> None:
        self._process, self._stream = process, stream
        # Its own descriptor: the command's are closed once it has ended, read or not.
        self._words = elsewhere(partial(_beginning, os.dup(words.fileno())))
        self._selector = selectors.DefaultSelector()
        writes = stream is process.stdin
        self._selector.register(stream, selectors.EVENT_WRITE if writes else selectors.EVENT_READ)
        os.set_blocking(stream.fileno(), False)
        self._moved, self._until = 0, time.monotonic() + limits.COPY_SECONDS

    def read(self, size: int, /) -> bytes:
        """Return the next `size` bytes, fewer only at the end. Raises `Silent`."""
        gathered = bytearray()
        while len(gathered) < size:
            self._await()
            data = os.read(self._stream.fileno(), size - len(gathered))
            if not data:
                check()  # a cancelled command prints no more
                break
            self._count(len(data))
            gathered += data
        return bytes(gathered)

    def write(self, data: bytes | memoryview) -> None:
        """Write all bytes. Raises `Silent`, or `BrokenPipeError` if the command has ended."""
        left = memoryview(data)
        while left:
            self._await()
            with suppress(BlockingIOError):
                count = os.write(self._stream.fileno(), left)
                self._count(count)
                left = left[count:]

    def finish(self, *, within: float = limits.COPY_SECONDS) -> int:
        """Close the stream, and return the command's exit status. Raises `Silent`."""
        self.close()
        try:
            return self._process.wait(within)
        except subprocess.TimeoutExpired as error:
            raise Silent from error

    def close(self) -> None:
        """Close the stream: the command reads the end of its input, or can print no more."""
        self._selector.close()
        self._stream.close()

    def words(self) -> str:
        """Return the first lines of its complaints, visible; once it has ended."""
        try:
            said = self._words.result(WORDS_SECONDS)
        except Unfinished:  # a child of its own holds its streams
            return ""
        lines = said.decode(errors="backslashreplace").splitlines()
        return "\n".join(visible(line) for line in lines[:LINES])

    def _await(self) -> None:
        seconds = self._until - time.monotonic()
        if seconds <= 0 or not self._selector.select(seconds):
            raise Silent

    def _count(self, count: int) -> None:
        self._moved += count
        if self._moved >= limits.COPY_LEAST:
            self._moved, self._until = 0, time.monotonic() + limits.COPY_SECONDS


def _beginning(descriptor: int) -> bytes:
    """Read a stream to its end, close it, and return its first bytes."""
    kept = bytearray()
    try:
        while piece := os.read(descriptor, PIECE):
            kept += piece[: WORDS - len(kept)]
    finally:
        os.close(descriptor)
    return bytes(kept)


@contextmanager
def printing(line: Sequence[str]) -> Iterator[Piped]:
    """Run a command and read what it prints."""
    with programs.child(line, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        with closing(Piped(process, process.stdout, process.stderr)) as piped:
            yield piped


@contextmanager
def reading(line: Sequence[str]) -> Iterator[Piped]:
    """Run a command that reads what is written to it."""
    with programs.child(line, stdin=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdin
        assert process.stdout
        with closing(Piped(process, process.stdin, process.stdout)) as piped:
            try:
                yield piped
            except Silent:
                raise
            except BaseException:
                # The command finds its input too short, and undoes what it has done.
                with suppress(Silent):
                    piped.finish(within=UNDO_SECONDS)
                raise
