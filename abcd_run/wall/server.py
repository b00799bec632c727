"""The wall's server: on loopback, for this user alone, behind a path that nobody can guess.

On a host of several users 127.0.0.1 is public, and any page of the web can have a browser ask
there. So a question must come from a socket of this user, carry a token that only the page's
address has, and name loopback as its host: another name is one that a stranger lets point here.
"""

import secrets
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from abcd_run import handover, report
from abcd_run.errors import PortTaken, unexpected
from abcd_run.wall import answers
from abcd_run.wall.answers import Answer, text
from abcd_run.wall.seen import Seen

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Wall(ThreadingHTTPServer):
    """The server of one wall; `url` is the page's address, 0 as `port` takes a free one.

    `between` is called between two connections, and may end the serving by what it raises.
    """

    request_queue_size = 64

    def __init__(
        self, seen: Seen, *, port: int = 0, between: Callable[[], None] = lambda: None
    ) -> None:
        self.seen = seen
        self.service_actions = between  # type: ignore[method-assign]  # the name of its library
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((handover.LOOPBACK, port), Handler)
        except OSError as error:
            raise PortTaken(
                f"port {port} cannot be had: {error.strerror}",
                remedy="abcd-run wall --port with another, or without it for a free one",
            ) from error

    def server_bind(self) -> None:
        """Bind without what HTTPServer does: it asks the network for the host's name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = handover.LOOPBACK, self.socket.getsockname()[1]

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Say in a line what is a bug of ours; a browser that hangs up is none."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, ConnectionError | TimeoutError):
            report.print_error(unexpected(error))

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{handover.LOOPBACK}:{self.server_port}/{self.token}/"

    def hosts(self) -> tuple[str, str]:
        """Return what a browser that was given our address calls us."""
        return f"{handover.LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    server: Wall
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "abcd-run", ""
    timeout = 60
    """Seconds that an idle connection is kept."""

    def do_GET(self) -> None:
        """Answer what changes nothing."""
        refused = self._refused()
        self._answer(refused or answers.get(self._below(), self.server.seen))

    def do_POST(self) -> None:
        """Answer what does something."""
        # Nothing is read of what is sent: a connection with that in it is of no more use.
        self.close_connection = True
        refused = self._refused()
        self._answer(refused or answers.post(self._below(), self.server.seen))

    def _refused(self) -> Answer | None:
        if self.headers["Host"] not in self.server.hosts():
            return text(403, "this is for the loopback address alone")
        if not handover.is_ours(self.client_address, self.connection.getsockname()):
            return text(403, "this is another user's")
        token = self.path.split("/", 2)[1:2]
        right = self.path.startswith("/") and self.path.count("/") > 1
        if not right or not secrets.compare_digest(token[0].encode(), self.server.token.encode()):
            return text(404, "nothing is here")
        return None

    def _below(self) -> str:
        return self.path.split("/", 2)[2]

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def end_headers(self) -> None:
        """Send with every answer, errors too, what a browser must keep to."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
