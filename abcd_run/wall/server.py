"""The wall's server: on loopback, for this user only, behind a path that nobody can guess.

On a host with several users 127.0.0.1 is public, and any web page can make a browser send requests
there. So a connection must come from a socket of this user, or none of it is read (see
`loopback`). Each request, whatever its method, must carry a token that only the page's address
contains, and name loopback as its host: any other name is one that a stranger has pointed here.
"""

import secrets
from collections.abc import Callable

from abcd_run.errors import AbcdRunError, PortTaken
from abcd_run.viewing import loopback
from abcd_run.wall import answers
from abcd_run.wall.answers import Answer, text
from abcd_run.wall.instances import Seen
from abcd_run.wall.tabs import Tabs

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # noVNC draws the pointer that a machine wants
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


class Wall(loopback.Server):
    """The server of one wall; `url` is the page's address, and `port` 0 means any free one.

    `between` is called between two connections, and may stop the server by raising; `complain`
    gets our own bugs.
    """

    def __init__(
        self,
        seen: Seen,
        *,
        port: int = 0,
        between: Callable[[], None] = lambda: None,
        complain: Callable[[AbcdRunError], None] | None = None,
    ) -> None:
        self.seen = seen
        self.service_actions = between  # type: ignore[method-assign]  # the library's name
        self.token, self.tabs = secrets.token_urlsafe(24), Tabs()
        try:
            super().__init__(Handler, port, complain=complain)
        except OSError as error:
            raise PortTaken(
                f"the wall cannot listen on port {port}: {error.strerror}",
                remedy="abcd-run wall --port with another port, or without it for a free one",
            ) from error

    def server_close(self) -> None:
        """Stop listening, and end the screens that are shown."""
        self.tabs.end()
        super().server_close()

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{loopback.LOOPBACK}:{self.server_port}/{self.token}/"

    def hosts(self) -> tuple[str, str]:
        """Return the host names that a browser may use for our address."""
        return f"{loopback.LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}"


class Handler(loopback.Handler):
    """One connection from a browser."""

    server: Wall
    protocol_version = "HTTP/1.1"

    def parse_request(self) -> bool:
        """Read the head of a request, and refuse it here if it is not allowed."""
        if not super().parse_request():
            return False
        refused = self._refused()
        if refused:
            self._answer(refused)
        return refused is None

    def do_GET(self) -> None:  # noqa: N802  (the library's name)
        """Answer a request that changes nothing."""
        below = self._below()
        if below.startswith("socket/"):
            self._carry(below)
        else:
            self._answer(answers.get(below, self.server.seen))

    def do_POST(self) -> None:  # noqa: N802  (the library's name)
        """Answer a request that does something."""
        self._answer(answers.post(self._below(), self.server.seen))

    def _carry(self, below: str) -> None:
        """Carry a screen to a browser's tab, as long as both are there."""
        self.close_connection = True
        refused = self._carried(below)
        if refused:
            self._answer(refused)

    def _carried(self, below: str) -> Answer | None:
        # Browsers let any page open a WebSocket anywhere, and tell only here whose page it is.
        if self.headers.get_all("Origin") != [f"http://{self.headers['Host']}"]:
            return text(403, "no other page may open a screen")
        try:
            asked, on = answers.split(below)
            path = answers.vnc_socket(asked.removeprefix("socket/"), on, self.server.seen)
        except AbcdRunError as error:
            return answers.refused(error)
        # An extra, which only those have who want screens in tabs.
        from abcd_run.wall import carrying  # noqa: PLC0415

        with self.server.tabs.entered(self.connection) as free:
            if not free:
                return text(503, "too many screens are open in tabs")
            said = self.headers.items()
            return carrying.serve(self.connection, path, target=self.path, headers=said)

    def _refused(self) -> Answer | None:
        if self.headers["Host"] not in self.server.hosts():
            return text(403, "this page is available on the loopback address only")
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
        """Send the browser's security headers with every answer, errors too."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()
