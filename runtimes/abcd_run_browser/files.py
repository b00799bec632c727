"""The files of a site, by the paths of requests."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
}
OTHER = "application/octet-stream"
FOREVER = "private, max-age=31536000, immutable"
"""For what is named after its content."""

_CONTENT = re.compile(r"machine/.*[0-9a-f]{16}[^/]*")
_ODD = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class File:
    """A file to send: its path, MIME type and whether a browser may keep it."""

    path: Path
    kind: str
    cache: str


def below(target: str) -> str | None:
    """Return the path of a request within the site; None for one that would leave it."""
    path = unquote(urlsplit(target).path, errors="replace")
    parts = path.split("/")[1:]
    if not path.startswith("/") or _ODD.search(path) or any(one.startswith(".") for one in parts):
        return None
    return "/".join(parts) or "index.html"


def named(site: Path, inside: str) -> File | None:
    """Return a file of a site; None if there is none, or it lies elsewhere."""
    path, top = site / inside, os.path.realpath(site)
    real = os.path.realpath(path)
    try:
        regular = stat.S_ISREG(os.stat(real).st_mode)  # noqa: PTH116  (it is a string)
    except (OSError, ValueError):
        return None
    if not regular or os.path.commonpath([top, real]) != top:
        return None
    cache = FOREVER if _CONTENT.fullmatch(inside) else "no-cache"
    return File(Path(real), KINDS.get(path.suffix, OTHER), cache)
