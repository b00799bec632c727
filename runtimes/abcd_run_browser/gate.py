"""Who may ask a page's server: this user, with the instance's password, and no other page."""

import base64
import secrets
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from abcd_run.host import sockets, this_host
from abcd_run.host.limited_server import LimitedServer
from abcd_run_browser.folder import Spec

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
REQUEST_SECONDS, BODY_SECONDS = 15.0, 120.0
DIGITS = 12
GUESS_SECONDS = 1.0
"""How long a wrong password holds its connection."""

OWN = ("same-origin", "none")
"""Whose requests a browser says these are: our own page's, or the person's."""


class Guarded(LimitedServer):
    """A server behind an instance's password. Raises `OSError` if it cannot listen.

    Below `channel/` it wants its `token`, too.
    """

    def __init__(self, spec: Spec, handler: type["Gate"]) -> None:
        self.spec, self.token = spec, secrets.token_urlsafe(24)
        self.right = base64.b64encode(f"{spec.user}:{spec.password}".encode())
        if ":" in spec.address:
            self.address_family = socket.AF_INET6
        super().__init__((spec.address, spec.port), handler)

    def hosts(self, near: str) -> set[str]:
        """Return the names by which a browser may call us, given the address that it reached."""
        names = {"127.0.0.1", "localhost", self.spec.address, near}
        shown = {f"[{one}]" if ":" in one else one for one in names}
        return {f"{one}:{self.server_port}" for one in shown}

    def accepts(self, far: sockets.Address, near: sockets.Address) -> bool:
        """Accept no other user of this host."""
        told = sockets.IS_TOLD and sockets.is_here(far[0])
        return not told or sockets.owner(far, near) == this_host.user()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write down a bug of ours; a browser that hangs up is not one."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Gate(BaseHTTPRequestHandler):
    """One connection from a browser."""

    server: Guarded
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "abcd-run", ""
    timeout = REQUEST_SECONDS

    def parse_request(self) -> bool:
        """Read the head of a request, and refuse it here if it is not allowed."""
        if not super().parse_request():
            return False
        refused = self._refused()
        if refused:
            self.close_connection = True  # a body may follow
            self.say(*refused)
        return refused is None

    def _refused(self) -> tuple[int, str] | None:
        """Return why a request is none of the person's own; None if it is."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0] not in self.server.hosts(self.request.getsockname()[0]):
            return 403, "this page is called by its address only"
        if not self._knows_password():
            return 401, "the instance's user and password, please: abcd-run show"
        path = urlsplit(self.path).path
        said = self.headers.get("Sec-Fetch-Site", OWN[0])
        if said not in OWN and not (self.command in ("GET", "HEAD") and path == "/"):
            return 403, "no other page may use this one"
        if path.startswith("/channel/") and not self._is_page(hosts[0]):
            return 403, "only the page itself may say this"
        return None

    def _knows_password(self) -> bool:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        right = secrets.compare_digest(given.strip().encode(), self.server.right)
        if kind.lower() == "basic" and right:
            return True
        if kind:
            time.sleep(GUESS_SECONDS)
        return False

    def _is_page(self, host: str) -> bool:
        given = self.headers.get("X-Abcd-Tab", "").encode()
        known = secrets.compare_digest(given, self.server.token.encode())
        return known and self.headers.get_all("Origin") in (None, [f"http://{host}"])

    def body(self, most: int) -> bytes | None:
        """Return the body of a request; None if it is longer than `most`, or has no length."""
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            return None
        if len(length) > DIGITS or int(length) > most:
            return None
        until, pieces, left = time.monotonic() + BODY_SECONDS, [], int(length)
        while left:
            if time.monotonic() > until:
                raise TimeoutError("the body takes too long")
            piece = self.rfile.read1(min(left, 1 << 20))
            if not piece:
                raise ConnectionResetError("the body is cut off")
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def say(self, status: int, text: str) -> None:
        """Send a line of text."""
        self.send(status, f"{text}\n".encode(), kind="text/plain; charset=utf-8")

    def send(self, status: int, body: bytes, *, kind: str = "", cache: str = "no-store") -> None:
        """Send an answer whole."""
        self.head(status, len(body), kind=kind, cache=cache)
        if self.command != "HEAD":
            self.wfile.write(body)

    def head(self, status: int, length: int, *, kind: str, cache: str) -> None:
        """Send the head of an answer of so many bytes."""
        self.send_response(status)
        if status == 401:  # noqa: PLR2004  (an HTTP status)
            self.send_header("WWW-Authenticate", 'Basic realm="abcd-run", charset="UTF-8"')
        if kind:
            self.send_header("Content-Type", kind)
        if status != 204:  # noqa: PLR2004
            self.send_header("Content-Length", str(length))
        self.send_header("Cache-Control", cache)
        self.end_headers()

    def end_headers(self) -> None:
        """Send the browser's security headers with every answer, errors too."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""
