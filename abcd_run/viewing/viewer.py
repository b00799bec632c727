"""Desktop programs that show an endpoint."""

import re
import shutil
import subprocess
from urllib.parse import urlsplit

from abcd_run.host import this_host
from abcd_run.model import Endpoint, Instance
from abcd_run.viewing import handover

WEB = ("http", "https")

PLACE = re.compile(r"(spice|vnc)://([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}", re.ASCII)
SOCKET = {
    protocol: re.compile(rf"{protocol}\+unix:///[^?#\x00-\x1f\x7f]+")
    for protocol in ("spice", "vnc")
}
"""The addresses of screens; a socket's address is an absolute path."""

PACKAGES = {"remote-viewer": "virt-viewer", "vncviewer": "tigervnc-viewer"}
"""The packages of Debian and Fedora that have the viewers."""


def show(endpoint: Endpoint, *, user: str = "", password: str = "", secret: bool = False) -> None:
    """Show an endpoint on the user's screen; do nothing without a screen or a program.

    A browser is given the user name and password, so that nobody has to type them; `secret` hides
    the address itself from the host's other users.
    """
    if not this_host.has_display():
        return
    if endpoint.protocol in WEB:
        _browse(handover.with_login(endpoint.url, user, password), secret=secret or bool(password))
    elif line := viewer(endpoint):
        # The viewer keeps running after we exit.
        quiet = subprocess.DEVNULL
        subprocess.Popen(line, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)


def hindrance(endpoint: Endpoint) -> str:
    """Return why `show` would show nothing; empty if it would show something."""
    if not this_host.has_display():
        return "no display here"
    if endpoint.protocol not in WEB and not viewer(endpoint):
        program = _line(endpoint)[:1]
        return f"{program[0]} is not installed here" if program else "no program here can show this"
    return ""


def package(endpoint: Endpoint) -> str:
    """Return the package whose viewer would show a screen here; empty if nothing is missing."""
    line = _line(endpoint)
    return PACKAGES[line[0]] if line and not shutil.which(line[0]) else ""


def vnc_socket(instance: Instance) -> str:
    """Return the path of the socket on which an instance serves its screen by VNC, if any."""
    urls = (one.url for one in instance.screens if SOCKET["vnc"].fullmatch(one.url))
    return urlsplit(next(urls, "")).path


def _browse(url: str, *, secret: bool) -> None:
    # Commands that open nothing should not pay for this import.
    from abcd_run.viewing import browser  # noqa: PLC0415

    (browser.open_secret if secret else browser.open_plain)(url)


def viewer(endpoint: Endpoint) -> list[str]:
    """Return the command that shows a screen; empty if this host has none."""
    line = _line(endpoint)
    return line if line and shutil.which(line[0]) else []


def _line(endpoint: Endpoint) -> list[str]:
    """Return the command for a screen's address, if no program could take it for an option."""
    if SOCKET["vnc"].fullmatch(endpoint.url):  # remote-viewer knows sockets for SPICE only
        return ["vncviewer", urlsplit(endpoint.url).path]
    if SOCKET["spice"].fullmatch(endpoint.url) or PLACE.fullmatch(endpoint.url):
        return ["remote-viewer", endpoint.url]
    return []
