"""Where LXD listens: the socket for its group, or the one that gives each user a project.

Nothing here needs the SDK: it runs on every start of abcd-run.
"""

import grp
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from abcd_run.errors import NoRuntime
from abcd_run.runtime import Problem

SNAP = Path("/var/snap/lxd/common")
DEBIAN = Path("/var/lib/lxd")
USUAL = (SNAP / "lxd", DEBIAN)
INSTALL = "sudo snap install lxd, or sudo apt install lxd; then: sudo lxd init --minimal"


@dataclass(frozen=True, slots=True)
class Server:
    """The socket that this user may use, and the project behind it; empty means the default."""

    socket: Path
    project: str = ""

    def program(self) -> list[str]:
        """Return LXD's command with the options that select this server."""
        # Without --force-local it would create a configuration at home and print a greeting.
        line = ["lxc", "--force-local"]
        if self.project:
            line += ["--project", self.project]
        usual = any(self.socket == folder / "unix.socket" for folder in USUAL)
        return line if usual else ["env", f"LXD_SOCKET={self.socket}", *line]

    def newuidmap(self) -> bool:
        """Say whether the host's newuidmap checks what LXD maps; the snap does not use it."""
        return SNAP not in self.socket.parents and shutil.which("newuidmap") is not None


def find() -> Server | Problem:
    """Return the server that this user may use, or why there is none."""
    servers = list(_servers())
    for server in servers:
        if os.access(server.socket, os.R_OK | os.W_OK):
            return server
    closed = [server.socket for server in servers if _is_there(server.socket)]
    if closed:
        return _denied(closed[0])
    if shutil.which("lxd") or DEBIAN.exists() or SNAP.exists():
        return Problem("LXD is installed, but not running", "sudo systemctl start lxd.socket")
    return Problem("LXD is not installed", INSTALL)


def present() -> Server:
    """Return the server that this user may use. Raises `NoRuntime`."""
    server = find()
    if isinstance(server, Problem):
        raise NoRuntime(server.message, remedy=server.remedy)
    return server


def _servers() -> Iterator[Server]:
    own = f"user-{os.getuid()}"
    folder = os.environ.get("LXD_DIR")
    folders = [Path(folder)] if folder else list(USUAL)
    yield from (Server(folder / "unix.socket") for folder in folders)
    yield from (Server(folder / "unix.socket.user", own) for folder in folders)
    yield Server(SNAP / "lxd-user" / "unix.socket", own)


def _is_there(socket: Path) -> bool:
    try:
        return socket.exists()
    except PermissionError:  # a parent folder is closed to this user
        return False


def _denied(socket: Path) -> Problem:
    gid = socket.stat().st_gid
    try:
        group = grp.getgrgid(gid).gr_name
    except KeyError:
        group = str(gid)
    return Problem(
        f"you may not use {socket}",
        f"sudo gpasswd --add $USER {group}, then log in again; "
        "members of this group can become root on this host",
    )
