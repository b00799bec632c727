"""Carry a screen's bytes between a browser's WebSocket and a machine's VNC socket.

What either end sends is passed on in small pieces as it arrives, whatever length a frame claims,
and is never kept or looked into. A peer that takes nothing for `STALL_SECONDS` is left.
"""

import selectors
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress

import h11
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Event, Ping, Pong
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError

from abcd_run.wall.answers import Answer, text

PIECE = 1 << 16
CONNECT_SECONDS = 5.0
STALL_SECONDS = 15.0


def serve(
    browser: socket.socket, path: str, *, target: str, headers: Iterable[tuple[str, str]]
) -> Answer | None:
    """Show the screen at a socket's path until either end hangs up.

    `target` and `headers` are the browser's request. Return what to answer if it cannot be shown.
    """
    try:
        web, says = accepted(target, headers)
    except ValueError:
        return text(400, "this address is for WebSockets")
    if sys.platform == "win32":
        return text(503, "no machine here has a screen for a tab")
    with socket.socket(socket.AF_UNIX) as screen:
        screen.settimeout(CONNECT_SECONDS)
        try:
            screen.connect(path)
        except OSError as error:
            return text(503, f"the machine's screen does not answer: {error.strerror or error}")
        with suppress(OSError):  # one of them has hung up
            for end in (browser, screen):
                end.settimeout(STALL_SECONDS)
            browser.sendall(says)
            carry(browser, screen, web)
    return None


def accepted(target: str, headers: Iterable[tuple[str, str]]) -> tuple[WSConnection, bytes]:
    """Return the WebSocket that a request opens, and the answer to it. Raises `ValueError`."""
    web = WSConnection(ConnectionType.SERVER)
    try:
        sent = [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers]
        web.initiate_upgrade_connection(sent, target)
        list(web.events())  # the request itself
        return web, web.send(AcceptConnection())
    except (ProtocolError, h11.ProtocolError) as error:
        raise ValueError("no request for a WebSocket") from error


def carry(browser: socket.socket, screen: socket.socket, web: WSConnection) -> None:
    """Carry bytes both ways until one end hangs up. Raises `OSError`."""
    with selectors.DefaultSelector() as either:
        either.register(browser, selectors.EVENT_READ)
        either.register(screen, selectors.EVENT_READ)
        while True:
            for key, _events in either.select():
                if key.fileobj is screen:
                    goes_on = _show(browser, web, screen.recv(PIECE))
                else:
                    goes_on = _type(browser, screen, web, browser.recv(PIECE))
                if not goes_on:
                    return


def _show(browser: socket.socket, web: WSConnection, data: bytes) -> bool:
    """Pass on what the screen sends; return False if it has ended."""
    said: Event = BytesMessage(data) if data else CloseConnection(CloseReason.GOING_AWAY)
    browser.sendall(web.send(said))
    return bool(data)


def _type(browser: socket.socket, screen: socket.socket, web: WSConnection, data: bytes) -> bool:
    """Pass on what the browser sends; return False if it has ended or breaks the rules."""
    if not data:
        return False
    try:
        web.receive_data(data)
        for event in web.events():
            match event:
                case BytesMessage():
                    screen.sendall(event.data)
                case Ping() | CloseConnection():
                    browser.sendall(web.send(event.response()))
                case Pong():
                    pass
                case _:  # text is nothing that a screen understands
                    browser.sendall(web.send(CloseConnection(CloseReason.UNSUPPORTED_DATA)))
                    return False
            if isinstance(event, CloseConnection):
                return False
    except ProtocolError:
        return False
    return True
