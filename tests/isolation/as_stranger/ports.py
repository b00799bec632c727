"""Print what this host's listening TCP ports tell a client without any password.

Argument: the ports to ask, as a JSON list; without it, print all ports that the kernel lists.
"""

import json
import socket
import sys
from contextlib import suppress

SECONDS = 5
LISTENS = "0A"


def listening() -> list[int]:
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError), open(table, encoding="ascii") as file:
            rows = [line.split() for line in file][1:]
            ports |= {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == LISTENS}
    return sorted(ports)


def greeting(address: str, port: int) -> str | None:
    """Return a port's first line, unasked or in answer to HTTP; None if nothing listens."""
    said = b""
    try:
        with socket.create_connection((address, port), SECONDS) as connection:
            connection.settimeout(1)
            with suppress(OSError):
                said = connection.recv(200)
            if not said:
                connection.settimeout(SECONDS)
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                said = connection.recv(200)
    except OSError:
        return said.decode(errors="replace") if said else None
    return said.partition(b"\r\n")[0].decode(errors="replace")


def main() -> None:
    if len(sys.argv) == 1:
        json.dump(listening(), sys.stdout)
        return
    addresses = ("127.0.0.1", "::ffff:127.0.0.1", "::1")
    said = {
        port: {address: greeting(address, port) for address in addresses}
        for port in json.loads(sys.argv[1])
    }
    json.dump(said, sys.stdout)


main()
