"""Hand an instance's password to the user's browser, and to nobody else.

Every user of the host could see a password in the browser's arguments. So we send the browser to a
one-time page of ours on loopback, which redirects it to the instance; the page closes another
user's connection unread. See `browser` for how the browser gets that address.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread
from urllib.parse import quote, urlsplit, urlunsplit

SECONDS = 30.0
"""How long a browser may take to fetch its page."""

POLL_SECONDS = 0.05


def with_login(url: str, user: str, password: str) -> str:
    """Return a web page's address with the login in it, which browsers use but do not store."""
    if not password:
        return url
    parts = urlsplit(url)
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"
    return urlunsplit(parts._replace(netloc=netloc))


@dataclass(frozen=True, slots=True)
class Look:
    """A one-time page, `fetched` or not yet; `until` is on the monotonic clock."""

    address: str
    fetched: Event
    until: float

    def wait(self, until: float | None = None) -> bool:
        """Wait until the page is fetched, or until a time; return False if it was not."""
        return self.fetched.wait(max(0, min(self.until, until or self.until) - time.monotonic()))


@contextmanager
def one_look(url: str) -> Iterator[Look]:
    """Serve one redirection to `url`, for `SECONDS` at most."""
    # This import costs some milliseconds, and few commands ever open anything.
    from abcd_run.viewing import loopback  # noqa: PLC0415

    path, once, fetched = f"/{secrets.token_urlsafe(24)}", Lock(), Event()

    class Page(loopback.Handler):
        def do_GET(self) -> None:  # noqa: N802  (the library's name)
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
