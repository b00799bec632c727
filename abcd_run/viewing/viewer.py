"""Programs of the desktop that show an endpoint."""

import os
import re
import shutil
import subprocess
from urllib.parse import urlsplit

from abcd_run.model import Endpoint
from abcd_run.viewing import handover

WEB = ("http", "https")

PLACE = re.compile(r"(spice|vnc)://([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}", re.ASCII)
SOCKET = {
    protocol: re.compile(rf"{protocol}\+unix:///[^?#\x00-\x1f\x7f]+")
    for protocol in ("spice", "vnc")
}
"""Addresses of screens; a socket's is an absolute path."""


def show(endpoint: Endpoint, *, user: str = "", password: str = "", secret: bool = False) -> None:
    """Show an endpoint on the user's screen; nothing where there is no screen or no program.

    A browser is handed user and password on the way, so that nobody has to type them; `secret`
    says that the address itself must not be seen by other users of the host.
    """
    if not _has_display():
        return
    if endpoint.protocol in WEB:
        _browse(handover.with_login(endpoint.url, user, password), secret=secret or bool(password))
    elif line := viewer(endpoint):
        # It goes on when we have ended.
        quiet = subprocess.DEVNULL
        subprocess.Popen(line, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)


def hindrance(endpoint: Endpoint) -> str:
    """Return why `show` would show nothing, empty if it would."""
    if not _has_display():
        return "no display here"
    if endpoint.protocol not in WEB and not viewer(endpoint):
        program = _line(endpoint)[:1]
        return f"{program[0]} is not installed here" if program else "no program here can show this"
    return ""


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _browse(url: str, *, secret: bool) -> None:
    # What opens nothing does not pay for it.
    from abcd_run.viewing import browser  # noqa: PLC0415

    (browser.open_secret if secret else browser.open_plain)(url)


def viewer(endpoint: Endpoint) -> list[str]:
    """Return the command that shows a screen, empty where this host has none for it."""
    line = _line(endpoint)
    return line if line and shutil.which(line[0]) else []


def _line(endpoint: Endpoint) -> list[str]:
    """Return the command for an address that is one of a screen, and nothing a program obeys."""
    if SOCKET["vnc"].fullmatch(endpoint.url):  # remote-viewer knows sockets for SPICE only
        return ["vncviewer", urlsplit(endpoint.url).path]
    if SOCKET["spice"].fullmatch(endpoint.url) or PLACE.fullmatch(endpoint.url):
        return ["remote-viewer", endpoint.url]
    return []
