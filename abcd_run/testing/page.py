"""The listeners of a fake instance: a plain port, or a page behind a password."""

import base64
import socket
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Address = tuple[str, int]

POLL_SECONDS = 0.01


class Listener:
    """A port that accepts connections and says nothing, like a slow ssh server."""

    def __init__(self, where: Address) -> None:
        self._socket = socket.create_server(where)
        self.address: Address = self._socket.getsockname()[:2]

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


class Greeter(Listener):
    """An ssh server that greets, and no more."""

    def __init__(self, where: Address) -> None:
        super().__init__(where)
        Thread(target=self._greet, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._socket.shutdown(socket.SHUT_RDWR)
        super().close()

    def _greet(self) -> None:
        with suppress(OSError):  # it was closed, or the client has gone
            while True:
                connection, _ = self._socket.accept()
                with connection, suppress(OSError):
                    connection.sendall(b"SSH-2.0-fake\r\n")


class Page(Listener):
    """A page that answers `status` to clients that send `USER:PASSWORD`, and 401 to others.

    The first `late` authorised requests get 503, as if the page were still starting. Each answer
    takes some `seconds`.
    """

    def __init__(
        self, where: Address, who: str, *, late: int = 0, status: int = 200, seconds: float = 0
    ) -> None:
        self.late, self.status, self.seconds, self.asked = late, status, seconds, 0
        self.paths: list[str] = []
        self._token = f"Basic {base64.b64encode(who.encode()).decode()}"
        self._server = ThreadingHTTPServer(where, self._handler())
        self.address = self._server.server_address[:2]  # type: ignore[assignment]
        self._thread = Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        self._thread.start()

    def answer(self, token: str | None) -> int:
        """Return the status for a request with this authorisation header."""
        self.asked += 1
        time.sleep(self.seconds)
        if token != self._token:
            return 401
        if self.late:
            self.late -= 1
            return 503
        return self.status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page.paths.append(self.path)
                self.send_response(page.answer(self.headers["Authorization"]))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        return Handler

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
