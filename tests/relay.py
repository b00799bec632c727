"""A relay in front of a server, to take the server away and bring it back."""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from urllib.parse import urlsplit

Place = tuple[str, int]


def place_of(url: str) -> Place:
    """Return the address and port of a server."""
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 443)


class Relay:
    """A port of this host that leads to a place, or to where it is just now."""

    def __init__(self, to: Place | Callable[[], Place], *, port: int = 0) -> None:
        self._to = to
        self._open: list[socket.socket] = []
        self._listening: socket.socket | None = None
        self.port = port

    def mend(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        Thread(target=self._serve, args=(self._listening,), daemon=True).start()

    def cut(self) -> None:
        for one in (*self._open, *([self._listening] if self._listening else [])):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _serve(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(self._to() if callable(self._to) else self._to)
                self._open += [near, far]
                for ends in ((near, far), (far, near)):
                    Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(1 << 16):
                other.sendall(piece)
        # Closing would not tell the other end, while somebody still reads from it here.
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
