"""Read what others say for a time and a number of bytes that are bounded as a whole.

A timeout of a socket is for one piece: who sends a byte each second, or `100 Continue` for ever,
never runs into it.
"""

import io
import socket
import time
from typing import TYPE_CHECKING

from abcd_run import limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def left(until: float) -> float:
    """Return the seconds until a time of the monotonic clock. Raises `TimeoutError` after it."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds


class Reader(io.RawIOBase):
    """What a connection says, until a time of the monotonic clock and up to a number of bytes.

    Reading raises `OSError` beyond either, `TimeoutError` for the time.
    """

    def __init__(
        self, connection: socket.socket, until: float, *, most: int = limits.ANSWER_BYTES
    ) -> None:
        self._connection, self.until, self.most = connection, until, most

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read what has come, or wait for it."""
        self._connection.settimeout(left(self.until))
        count = self._connection.recv_into(buffer)
        self.most -= count
        if self.most < 0:
            raise OSError("the answer is too long")
        return count


class Connection:
    """A connection as `http.client` uses one, for one question."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection, self._until = connection, until

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._connection.settimeout(left(self._until))
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the answer, to be read."""
        return io.BufferedReader(Reader(self._connection, self._until))

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()
