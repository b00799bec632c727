"""Servers on loopback for this user only.

A connection from another user is closed before any of it is read. This user's connections are
still limited in number and time: they may come from a guest, whose network is a process of this
user.
"""

import io
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from abcd_run import limits
from abcd_run.errors import AbcdRunError
from abcd_run.host import sockets, this_host
from abcd_run.host.bounded_reader import Reader
from abcd_run.host.limited_server import LimitedServer
from abcd_run.host.os_errors import unexpected

LOOPBACK = "127.0.0.1"

QUESTION_SECONDS = 15.0
"""How long a browser may take to send a request, and how long a connection may be idle."""


def is_ours(peer: sockets.Address, here: sockets.Address) -> bool:
    """Say whether the other end of a connection is this user's; an unknown one is not.

    True on a system that never tells who owns a socket.
    """
    return not sockets.IS_TOLD or sockets.owner(peer, here) == this_host.user()


class Server(LimitedServer):
    """A server on loopback, where port 0 means any free one; `complain` gets our own bugs.

    At another address `accepts` must say who may come.
    """

    def __init__(
        self,
        handler: type["Handler"],
        port: int = 0,
        *,
        address: str = LOOPBACK,
        complain: Callable[[AbcdRunError], None] | None = None,
    ) -> None:
        self._complain = complain
        super().__init__((address, port), handler)

    def accepts(self, far: sockets.Address, near: sockets.Address) -> bool:
        """Accept only this user's connections."""
        return is_ours(far, near)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Report a bug of ours; a browser that hangs up is not one."""
        error = sys.exception()
        if not isinstance(error, Exception) or isinstance(error, ConnectionError | TimeoutError):
            return
        if self._complain:
            self._complain(unexpected(error))


class Handler(BaseHTTPRequestHandler):
    """One connection from a browser, closed if a request takes too long."""

    server_version, sys_version = "abcd-run", ""
    timeout = QUESTION_SECONDS
    """For sending."""

    def setup(self) -> None:
        """Read with a deadline."""
        super().setup()
        self.rfile.close()
        self._reader = Reader(self.connection, 0)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        """Read and answer one request."""
        self._reader.until = time.monotonic() + QUESTION_SECONDS
        self._reader.most = limits.ANSWER_BYTES
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Read the head of a request; we do not want a body."""
        self.connection.settimeout(QUESTION_SECONDS)
        known = super().parse_request()
        if known and {"Content-Length", "Transfer-Encoding"} & set(self.headers):
            self.close_connection = True
        return known

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""
