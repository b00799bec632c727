"""The server of a folder that machines start from: its listed files, and nothing else.

It may be on a network, where anybody can ask: GET and HEAD alone, no list, no redirect, no path
that is put together from a request, and bounds on time and on the number of connections.
"""

from __future__ import annotations

import ipaddress
import socket
from http import HTTPStatus
from shutil import copyfileobj
from typing import TYPE_CHECKING, Final

from abcd_run.errors import PortTaken, UsageError
from abcd_run.kernel.netboot import FILES, SCRIPT
from abcd_run.viewing import loopback

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from abcd_run.host import sockets

CHUNK: Final = 1 << 18


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return an address that machines can be told. Raises `UsageError`."""
    try:
        given = ipaddress.ip_address(text)
    except ValueError:
        given = None
    if given is None or given.is_unspecified or given.is_multicast:
        raise UsageError(
            f"--address {text}: machines need one address of this host",
            remedy="ip -br address lists them",
        )
    return given


class Server(loopback.Server):
    """A server of the files in `folder`, at one address; port 0 means any free one.

    `between` is called between two connections, and may stop the server by raising; `told` gets
    who has got which file. Raises `UsageError` or `PortTaken`.
    """

    def __init__(
        self,
        folder: Path,
        at: str,
        port: int = 0,
        *,
        between: Callable[[], None] = lambda: None,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        given = address(at)
        self.files = {f"/{name}": folder / name for name in FILES}
        self.told, self.is_loopback = told, given.is_loopback
        self.service_actions = between  # type: ignore[method-assign]  # the library's name
        if given.version == 6:  # noqa: PLR2004
            self.address_family = socket.AF_INET6
        try:
            super().__init__(Handler, port, address=str(given))
        except OSError as error:
            raise PortTaken(
                f"cannot serve at {given}, port {port}: {error.strerror}",
                remedy="another --port, or one of this host's addresses: ip -br address",
            ) from error
        host = f"[{given}]" if given.version == 6 else str(given)  # noqa: PLR2004
        self.url = f"http://{host}:{self.server_port}/{SCRIPT}"

    def accepts(self, far: sockets.Address, near: sockets.Address) -> bool:  # noqa: ARG002
        """Accept everybody: who may not read the files is a matter of the address."""
        return True


class Handler(loopback.Handler):
    """One connection from a machine."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802  (the library's name)
        """Send a file."""
        self._answer(body=True)

    def do_HEAD(self) -> None:  # noqa: N802  (the library's name)
        """Send what would come before a file."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        path = self.server.files.get(self.path)
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with path.open("rb") as file:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(path.stat().st_size))
            self.end_headers()
            if body:
                copyfileobj(file, self.wfile, CHUNK)
                self.server.told(f"{self.client_address[0]} has got {path.name}")
