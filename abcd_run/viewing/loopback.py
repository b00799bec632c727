"""Servers on loopback for this user alone.

A connection of another user is closed before a byte of it is read. Those of this user are bounded
in number and time all the same: what they come from may be a guest, whose network is a process of
this user.
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
"""How long a browser may take for its whole question, and a connection be idle."""


def is_ours(peer: sockets.Address, here: sockets.Address) -> bool:
    """Say whether the other end of a connection is this user's; one that is unknown is not.

    True on a system that never says whose a socket is.
    """
    return not sockets.IS_TOLD or sockets.owner(peer, here) == this_host.user()


class Server(ThreadingHTTPServer):
    """A server on loopback, on a free port for 0; `complain` is told of bugs of ours."""

    request_queue_size = 64

    def __init__(
        self,
        handler: type["Handler"],
        port: int = 0,
        *,
        complain: Callable[[AbcdRunError], None] | None = None,
    ) -> None:
        self._complain = complain
        self._free = Semaphore(limits.CONNECTIONS)
        super().__init__((LOOPBACK, port), handler)

    def server_bind(self) -> None:
        """Bind without what HTTPServer does: it asks the network for the host's name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.socket.getsockname()[1]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Take this user's connections, and no more of them than there are threads for."""
        ours = is_ours(client_address, request.getsockname())
        return ours and self._free.acquire(blocking=False)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the thread of a connection."""
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection, in a thread of its own."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Tell of what is a bug of ours; a browser that hangs up is none."""
        error = sys.exception()
        if not isinstance(error, Exception) or isinstance(error, ConnectionError | TimeoutError):
            return
        if self._complain:
            self._complain(unexpected(error))


class Handler(BaseHTTPRequestHandler):
    """One connection of a browser: a whole question has its time, then it is closed."""

    server_version, sys_version = "abcd-run", ""
    timeout = QUESTION_SECONDS
    """For what is sent."""

    def setup(self) -> None:
        """Read by the clock."""
        super().setup()
        self.rfile.close()
        self._reader = Reader(self.connection, 0)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        """Read and answer one question."""
        self._reader.until = time.monotonic() + QUESTION_SECONDS
        self._reader.most = limits.ANSWER_BYTES
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Read the head of a question; what comes after it is nothing we want."""
        self.connection.settimeout(QUESTION_SECONDS)
        known = super().parse_request()
        if known and {"Content-Length", "Transfer-Encoding"} & set(self.headers):
            self.close_connection = True
        return known

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
