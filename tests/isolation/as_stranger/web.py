"""Request web pages without following redirects; print each answer's status, location and text.

Argument: a JSON list of [URL, address to connect to, login]. A refused connection is status 0.
"""

import http.client
import json
import socket
import sys
from base64 import b64encode
from urllib.parse import urlsplit

SECONDS = 15


class To(http.client.HTTPConnection):
    """A connection to another address than the one in the URL."""

    def __init__(self, netloc: str, address: str, port: int) -> None:
        super().__init__(netloc, timeout=SECONDS)
        self.there = (address, port)

    def connect(self) -> None:
        self.sock = socket.create_connection(self.there, SECONDS)


def ask(url: str, address: str, login: str) -> dict[str, object]:
    parts = urlsplit(url)
    headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = To(parts.netloc, address, parts.port or 80)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        text = answer.read(1 << 20).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return {"status": 0, "location": "", "text": str(error)}
    finally:
        connection.close()
    return {"status": answer.status, "location": answer.getheader("Location") or "", "text": text}


json.dump([ask(*one) for one in json.loads(sys.argv[1])], sys.stdout)
