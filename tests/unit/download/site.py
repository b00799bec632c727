"""A server that cuts off, lies, forgets ranges and changes its files."""

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

BODY = bytes(range(256)) * 4096  # 1 MiB
SUM = hashlib.sha256(BODY).hexdigest()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@dataclass
class Site:
    """What the server has, how it misbehaves, and the requests it got."""

    url: str = ""
    body: bytes = BODY
    etag: str = '"one"'
    ranges: bool = True
    status: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    hold: threading.Event | None = None
    asked: list[dict[str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        site.asked.append(dict(self.headers))
        if site.status:
            self.send_error(site.status.pop(0))
            return
        start = self._start()
        if start >= len(site.body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(site.body)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            last = len(site.body) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(site.body)}")
        if site.etag:
            self.send_header("ETag", site.etag)
        self.send_header("Content-Length", str(len(site.body) - start))
        self.end_headers()
        self._send(site.body[start:])

    def _send(self, rest: bytes) -> None:
        cut = self.site.cuts.pop(0) if self.site.cuts else len(rest)
        self.wfile.write(rest[:cut])
        if self.site.hold:
            self.site.hold.wait(10)

    def _start(self) -> int:
        wanted = self.headers.get("Range")
        if not wanted or not self.site.ranges:
            return 0
        if self.headers.get("If-Range", self.site.etag) != self.site.etag:
            return 0
        return int(wanted.removeprefix("bytes=").rstrip("-"))

    def log_message(self, *args: Any) -> None:
        pass
