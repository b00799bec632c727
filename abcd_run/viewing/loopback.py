"""Servers on loopback for this user only.

A connection from another user is closed before any of it is read. This user's connections are
still limited in number and time: they may come from a guest, whose network is a process of this
user.
"""

import io
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Semaphore
from typing import Any

from abcd_run import limits
from abcd_run.errors import AbcdRunError
from abcd_run.host import sockets, this_host
from abcd_run.host.bounded_reader import Reader
from abcd_run.host.os_errors import unexpected

LOOPBACK = "127.0.0.1"

QUESTION_SECONDS = 15.0
"""How long a browser may take to send a request, and how long a connection may be idle."""


def is_ours(peer: sockets.Address, here: sockets.Address) -> bool:
    """Say whether the other end of a connection is this user's; an unknown one is not.

    True on a system that never tells who owns a socket.
    """
    return not sockets.IS_TOLD or sockets.owner(peer, here) == this_host.user()


class Server(ThreadingHTTPServer):
    """A server on loopback, where port 0 means any free one; `complain` gets our own bugs.

    At another address `is_welcome` must say who may come.
    """

    request_queue_size = 64

    def __init__(
        self,
        handler: type["Handler"],
        port: int = 0,
        *,
        address: str = LOOPBACK,
        complain: Callable[[AbcdRunError], None] | None = None,
    ) -> None:
        self._complain = complain
        self._free = Semaphore(limits.CONNECTIONS)
        super().__init__((address, port), handler)

    def server_bind(self) -> None:
        """Bind without looking up the host's name on the network, as HTTPServer does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Accept only welcome connections, and no more than there are threads for."""
        welcome = self.is_welcome(request, client_address)
        return welcome and self._free.acquire(blocking=False)

    def is_welcome(self, request: Any, client_address: Any) -> bool:
        """Accept only this user's connections."""
        return is_ours(client_address, request.getsockname())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a connection's thread."""
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection in its own thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

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
