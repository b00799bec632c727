"""Just enough of a VNC viewer to request a size: RFB 3.8 on a Unix socket."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

EXTENDED_DESKTOP_SIZE = -308
DESKTOP_SIZE = -223
RAW = 0


@contextmanager
def viewer(path: str) -> Iterator[socket.socket]:
    """Connect as a viewer that can have any size."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(path)
        file = connection.makefile("rb")
        connection.sendall(file.read(12))  # the version, as the server has it
        offered = file.read(file.read(1)[0])
        assert 1 in offered, "the socket's folder is what protects it, not a password"
        connection.sendall(b"\1")
        assert file.read(4) == bytes(4)
        connection.sendall(b"\1")  # not the only viewer
        _width, _height, _format, name = struct.unpack(">HH16sI", file.read(24))
        file.read(name)
        kinds = (RAW, DESKTOP_SIZE, EXTENDED_DESKTOP_SIZE)
        connection.sendall(struct.pack(f">BxH{len(kinds)}i", 2, len(kinds), *kinds))
        # The server reports sizes only after a request for a picture.
        connection.sendall(struct.pack(">BBHHHH", 3, 1, 0, 0, 1, 1))
        yield connection


def resize(connection: socket.socket, width: int, height: int) -> None:
    """Say that the window has another size: one screen, as large as all."""
    head = struct.pack(">BxHHBx", 251, width, height, 1)
    connection.sendall(head + struct.pack(">IHHHHI", 0, 0, 0, width, height, 0))
