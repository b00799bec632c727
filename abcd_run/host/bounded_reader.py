"""Read from others with limits on the total time and the total number of bytes.

A socket's timeout applies to each piece: a peer that sends a byte each second, or `100 Continue`
forever, never exceeds it.
"""

import io
import socket
import time
from typing import TYPE_CHECKING

from abcd_run import limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def left(until: float) -> float:
    """Return the seconds until a time on the monotonic clock. Raises `TimeoutError` after it."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds


class Reader(io.RawIOBase):
    """Reads a connection until a time on the monotonic clock and up to a number of bytes.

    Reading beyond either raises `OSError`; for the time it is `TimeoutError`.
    """

    def __init__(
        self, connection: socket.socket, until: float, *, most: int = limits.ANSWER_BYTES
    ) -> None:
        self._connection, self.until, self.most = connection, until, most

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read what has arrived, or wait for it."""
        self._connection.settimeout(left(self.until))
        count = self._connection.recv_into(buffer)
        self.most -= count
        if self.most < 0:
            raise OSError("the answer is too long")
        return count


class Connection:
    """A connection for `http.client`, for a single request."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection, self._until = connection, until

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._connection.settimeout(left(self._until))
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the answer as a readable file."""
        return io.BufferedReader(Reader(self._connection, self._until))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
