"""An HTTP server with a thread for each connection, and only so many of them at once."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Semaphore
from typing import Any

from abcd_run import limits
from abcd_run.host.sockets import Address


class LimitedServer(ThreadingHTTPServer):
    """A server that closes what it does not accept before any of it is read.

    Raises `OSError` if it cannot listen.
    """

    request_queue_size = 64

    def __init__(self, address: Address, handler: type[BaseHTTPRequestHandler]) -> None:
        self._free = Semaphore(limits.CONNECTIONS)
        super().__init__(address, handler)

    def accepts(self, far: Address, near: Address) -> bool:
        """Say whether to read a connection, by the addresses of its two ends."""
        raise NotImplementedError

    def server_bind(self) -> None:
        """Bind without looking up the host's name on the network, as HTTPServer does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Accept no more connections than there are threads for."""
        accepted = self.accepts(client_address[:2], request.getsockname()[:2])
        return accepted and self._free.acquire(blocking=False)

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
