"""Hand an instance's password to the user's browser, and to nobody else.

A password in the browser's arguments could be seen by every user of the host. So the browser is
sent to a page of ours on loopback, good for one look, which sends it on to the instance; another
user's connection is closed there unread. See `browser` for how the browser gets that address.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread
from urllib.parse import quote, urlsplit, urlunsplit

SECONDS = 30.0
"""How long a browser may take to come for its page."""

POLL_SECONDS = 0.05


def with_login(url: str, user: str, password: str) -> str:
    """Return a web page's address with the login in it, as browsers take it and do not keep it."""
    if not password:
        return url
    parts = urlsplit(url)
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"
    return urlunsplit(parts._replace(netloc=netloc))


@dataclass(frozen=True, slots=True)
class Look:
    """A page that was not looked at yet, or `fetched`; `until` is on the monotonic clock."""

    address: str
    fetched: Event
    until: float

    def wait(self, until: float | None = None) -> bool:
        """Wait until it was fetched, or until a time; False when nobody came."""
        return self.fetched.wait(max(0, min(self.until, until or self.until) - time.monotonic()))


@contextmanager
def one_look(url: str) -> Iterator[Look]:
    """Serve one redirection to `url`, for `SECONDS` at most."""
    # Few commands open anything, and all that could would import it: some milliseconds.
    from abcd_run.viewing import loopback  # noqa: PLC0415

    path, once, fetched = f"/{secrets.token_urlsafe(24)}", Lock(), Event()

    class Page(loopback.Handler):
        def do_GET(self) -> None:  # noqa: N802  (the name of its library)
            known = secrets.compare_digest(self.path.encode(), path.encode())
            if not known or not once.acquire(blocking=False):
                self.send_error(404)
                return
            self.send_response(302)
            self.send_header("Location", url)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Content-Length", "0")
            self.end_headers()
            fetched.set()

    with loopback.Server(Page) as server:
        serving = Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        serving.start()
        address = f"http://{loopback.LOOPBACK}:{server.server_port}{path}"
        try:
            yield Look(address, fetched, time.monotonic() + SECONDS)
        finally:
            server.shutdown()
            serving.join()
