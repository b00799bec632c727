"""Hand an instance's password to the user's browser, and to nobody else.

A password in the browser's arguments could be seen by every user of the host. So the browser is
given the address of a page of ours on loopback, good for one look: that page sends it on to the
instance, and only a browser of this user gets it.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit, urlunsplit

from abcd_run import host, sockets

LOOPBACK = "127.0.0.1"
SECONDS = 30.0
"""How long a browser may take to come for its page."""


def with_login(url: str, user: str, password: str) -> str:
    """Return a web page's address with the login in it, as browsers take it and do not keep it."""
    if not password:
        return url
    parts = urlsplit(url)
    place = f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"
    return urlunsplit(parts._replace(netloc=place))


def is_ours(peer: sockets.Address, here: sockets.Address) -> bool:
    """Say whether the other end of a connection is this user's; one that is unknown is not.

    True on a system that never says whose a socket is.
    """
    return not sockets.IS_TOLD or sockets.owner(peer, here) == host.user()


@contextmanager
def one_look(url: str) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Serve one redirection to `url`; yield its address, and what waits until it was fetched.

    The wait returns False when nobody came within `SECONDS`.
    """
    # Few commands open anything, and all that could would import it: some milliseconds.
    from http.server import BaseHTTPRequestHandler, HTTPServer  # noqa: PLC0415

    fetched = False
    path = f"/{secrets.token_urlsafe(24)}"

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal fetched
            known = secrets.compare_digest(self.path.encode(), path.encode())
            if (
                fetched
                or not known
                or not is_ours(self.client_address, self.connection.getsockname())
            ):
                self.send_error(404)
                return
            fetched = True
            self.send_response(302)
            self.send_header("Location", url)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with HTTPServer((LOOPBACK, 0), Page) as server:

        def wait() -> bool:
            deadline = time.monotonic() + SECONDS
            while not fetched and (left := deadline - time.monotonic()) > 0:
                server.timeout = left
                server.handle_request()
            return fetched

        yield f"http://{LOOPBACK}:{server.server_address[1]}{path}", wait
