"""A small API server on loopback: pods, a watch, and ports of pods that say everything twice."""

import base64
import hashlib
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import wsproto.connection
from wsproto.events import BytesMessage, CloseConnection

TOKEN = "right"
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CLOSED = 9
"""The port at which no pod listens."""


class Cluster(ThreadingHTTPServer):
    """The server; `pods` are what it has, by name."""

    daemon_threads = True

    def __init__(self) -> None:
        self.pods: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        self.asked: list[str] = []
        self.gone = Event()
        super().__init__(("127.0.0.1", 0), Handler)

    def kubeconfig(self, folder: Path, **context: Any) -> Path:
        """Write a kubeconfig for it."""
        document = {
            "current-context": "here",
            "clusters": [
                {"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.server_port}"}}
            ],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
            "contexts": [
                {
                    "name": "here",
                    "context": {"cluster": "c", "user": "u", "namespace": "class", **context},
                }
            ],
        }
        path = folder / "kubeconfig"
        path.write_text(json.dumps(document))
        return path


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Cluster
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        url = urlsplit(self.path)
        asked = parse_qs(url.query)
        self.server.asked.append(f"{self.command} {url.path}")
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._say(401, {"message": "Unauthorized"})
        if waiting := self.server.answers.get(url.path):
            return self._say(*waiting.pop(0))
        if url.path.endswith("/portforward"):
            return self._forward(int(asked["ports"][0]))
        if "watch" in asked:
            return self._watch()
        pod = self.server.pods.get(url.path.rpartition("/")[2])
        return self._say(200, pod) if pod else self._say(404, {"message": "not found"})

    do_POST = do_GET  # noqa: N815  (the server calls it so)

    def _say(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)

    def _watch(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.server.gone.wait(60)
        event = {"type": "DELETED", "object": {"metadata": {"uid": "1"}}}
        with suppress(OSError):
            self.wfile.write(json.dumps(event).encode() + b"\n")
        self.close_connection = True

    def _forward(self, port: int) -> None:
        key = self.headers["Sec-WebSocket-Key"] + GUID
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Protocol", self.headers["Sec-WebSocket-Protocol"])
        digest = hashlib.sha1(key.encode()).digest()
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.end_headers()
        self.close_connection = True
        socket = wsproto.connection.Connection(wsproto.connection.ConnectionType.SERVER)

        def send(channel: int, content: bytes) -> None:
            self.connection.sendall(socket.send(BytesMessage(data=bytes((channel,)) + content)))

        for channel in (0, 1):
            send(channel, struct.pack("<H", port))
        if port == CLOSED:
            send(1, b"connection refused")
            self.connection.sendall(socket.send(CloseConnection(code=1000)))
            return
        message = b""
        while data := self.connection.recv(1 << 16):
            socket.receive_data(data)
            for event in socket.events():
                if isinstance(event, BytesMessage):
                    message += bytes(event.data)
                    if event.message_finished:
                        send(0, message[1:] * 2)
                        message = b""
                elif isinstance(event, CloseConnection):
                    return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


@contextmanager
def running() -> Iterator[Cluster]:
    """Run one during the block."""
    with Cluster() as cluster:
        Thread(target=cluster.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield cluster
        finally:
            cluster.gone.set()
            cluster.shutdown()


def pod(name: str, *ports: int) -> dict[str, Any]:
    """Return a running pod."""
    return {
        "metadata": {"name": name, "uid": "1"},
        "spec": {
            "containers": [{"name": "system", "ports": [{"containerPort": p} for p in ports]}]
        },
        "status": {"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]},
    }
