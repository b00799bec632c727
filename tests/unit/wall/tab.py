"""A machine's VNC server and a browser's WebSocket, each as small as it can be."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
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
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                seat, _ = self._server.accept()
            except OSError:
                return
            self.asked.set()
            self._seats.append(seat)
            Thread(target=self._show, args=(seat,), daemon=True).start()

    def _show(self, seat: socket.socket) -> None:
        try:
            seat.sendall(GREETING)
            while heard := seat.recv(1 << 16):
                seat.sendall(heard.upper())
        except OSError:  # the wall has hung up first
            pass
        self.left.set()

    def end(self) -> None:
        """Switch the machine off."""
        for end in (self._server, *self._seats):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


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
    """Return what the wall says to a request for a WebSocket, until it hangs up."""
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
        while not said.endswith(GREETING) and (piece := connection.recv(1 << 16)):
            said += piece
        return said
