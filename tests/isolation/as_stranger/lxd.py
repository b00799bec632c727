"""Ask LXD's two sockets that everybody can connect to; print what they tell another user.

Argument: the container. The sockets check the caller after it has connected.
"""

import json
import socket
import struct
import sys

GET_STATE = 3
"""LXC's number for the query of a state, which changes nothing."""


def _asked(path: str, question: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(path)
            connection.sendall(question)
            return connection.recv(300)
        except OSError:
            return b""


web = b"GET /1.0/config HTTP/1.0\r\nHost: lxd\r\n\r\n"
command = f"\0/var/lib/lxd/containers/{sys.argv[1]}/command"
page = _asked("/var/lib/lxd/devlxd/sock", web).partition(b"\r\n")[0].decode()
state = _asked(command, struct.pack("iiQ", GET_STATE, 0, 0))
answers = {
    "devlxd": page,
    # LXC's answer begins with the state, or with a negative error.
    "state": struct.unpack_from("i", state)[0] if state else -1,
}
json.dump(answers, sys.stdout)
