"""The wall's server: on loopback, for this user alone, behind a path that nobody can guess.

On a host of several users 127.0.0.1 is public, and any page of the web can have a browser ask
there. So a connection must come from a socket of this user, or nothing of it is read (see
`private`). Each question, whatever its method, must carry a token that only the page's address has,
and name loopback as its host: another name is one that a stranger lets point here.
"""

import secrets
from collections.abc import Callable

from abcd_run.errors import AbcdRunError, PortTaken
from abcd_run.viewing import loopback
from abcd_run.wall import answers
from abcd_run.wall.answers import Answer, text
from abcd_run.wall.instances import Seen

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


class Wall(loopback.Server):
    """The server of one wall; `url` is the page's address, 0 as `port` takes a free one.

    `between` is called between two connections, and may end the serving by what it raises;
    `complain` is told of bugs of ours.
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
        self.service_actions = between  # type: ignore[method-assign]  # the name of its library
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__(Handler, port, complain=complain)
        except OSError as error:
            raise PortTaken(
                f"the wall cannot listen at port {port}: {error.strerror}",
                remedy="abcd-run wall --port with another, or without it for a free one",
            ) from error

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{loopback.LOOPBACK}:{self.server_port}/{self.token}/"

    def hosts(self) -> tuple[str, str]:
        """Return what a browser that was given our address calls us."""
        return f"{loopback.LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}"


class Handler(loopback.Handler):
    """One connection of a browser."""

    server: Wall
    protocol_version = "HTTP/1.1"

    def parse_request(self) -> bool:
        """Read the head of a question, and answer here what must not be asked."""
        if not super().parse_request():
            return False
        refused = self._refused()
        if refused:
            self._answer(refused)
        return refused is None

    def do_GET(self) -> None:  # noqa: N802  (the name of its library)
        """Answer what changes nothing."""
        self._answer(answers.get(self._below(), self.server.seen))

    def do_POST(self) -> None:  # noqa: N802  (the name of its library)
        """Answer what does something."""
        self._answer(answers.post(self._below(), self.server.seen))

    def _refused(self) -> Answer | None:
        if self.headers["Host"] not in self.server.hosts():
            return text(403, "this is for the loopback address alone")
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
