"""A machine's VNC server and a browser's WebSocket, each as small as it can be."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Request
from wsproto.events import Event as Said

from tests.unit.wall.browser import SECONDS, Browser

GREETING = b"RFB 003.008\n"


class Machine:
    """A screen on a socket: greets, and echoes what it hears in capitals."""

    def __init__(self, path: Path) -> None:
        self.path, self.asked, self.left = path, Event(), Event()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._seats: list[socket.socket] = []
        self._threads = [Thread(target=self._serve)]
        self._threads[0].start()

    def _serve(self) -> None:
        with self._server, suppress(OSError):
            while True:
                seat, _ = self._server.accept()
                self.asked.set()
                self._seats.append(seat)
                self._threads.append(Thread(target=self._show, args=(seat,)))
                self._threads[-1].start()

    def _show(self, seat: socket.socket) -> None:
        with seat, suppress(OSError):  # the wall may hang up first
            seat.sendall(GREETING)
            while heard := seat.recv(1 << 16):
                seat.sendall(heard.upper())
        self.left.set()

    def end(self) -> None:
        """Switch the machine off."""
        for end in (self._server, *self._seats):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(SECONDS)


class Tab:
    """The WebSocket of a page that has been let in."""

    def __init__(self, connection: socket.socket, web: WSConnection) -> None:
        self.connection, self.web = connection, web

    def say(self, said: Said) -> None:
        self.connection.sendall(self.web.send(said))

    def heard(self, count: int) -> bytes:
        """Return this many bytes from the machine."""
        whole = b""
        while len(whole) < count:
            said = self.next()
            assert isinstance(said, BytesMessage), said
            whole += said.data
        return whole

    def next(self) -> Said | None:
        """Return what comes next; None if the wall hangs up."""
        while True:
            for said in self.web.events():
                return said
            try:
                data = self.connection.recv(1 << 16)
            except ConnectionError:
                return None
            if not data:
                return None
            self.web.receive_data(data)

    def is_over(self) -> bool:
        """Wait until the wall hangs up, or says that it will."""
        while said := self.next():
            if isinstance(said, CloseConnection):
                return True
        return True


@contextmanager
def opened(browser: Browser, name: str) -> Iterator[Tab]:
    """Open the screen of an instance as the wall's own page does."""
    place = f"127.0.0.1:{browser.wall.server_port}"
    web = WSConnection(ConnectionType.CLIENT)
    with socket.create_connection(where(browser), timeout=SECONDS) as connection:
        headers = [(b"Origin", f"http://{place}".encode())]
        path = f"/{browser.wall.token}/socket/{name}"
        connection.sendall(web.send(Request(place, path, extra_headers=headers)))
        tab = Tab(connection, web)
        assert isinstance(tab.next(), AcceptConnection)
        yield tab


def where(browser: Browser) -> tuple[str, int]:
    return "127.0.0.1", browser.wall.server_port


def knock(browser: Browser, path: str, **headers: str) -> bytes:
    """Return what the wall says to a request for a WebSocket."""
    place = f"127.0.0.1:{browser.wall.server_port}"
    told = {
        "Host": place,
        "Origin": f"http://{place}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items() if value)]
    with socket.create_connection(where(browser), timeout=SECONDS) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        said = b""
        while not _is_whole(said) and (piece := connection.recv(1 << 16)):
            said += piece
        return said


def _is_whole(said: bytes) -> bool:
    """Say whether an answer is there, and the greeting after one that lets a browser in."""
    head, end, rest = said.partition(b"\r\n\r\n")
    if b" 101 " in head.partition(b"\r\n")[0]:
        return GREETING in rest
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(end and length and len(rest) >= int(length[1]))
