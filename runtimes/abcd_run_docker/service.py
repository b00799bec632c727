"""Locate the daemon as Docker's own command does, then where rootless daemons listen.

Nothing here needs the SDK: it runs on every start of abcd-run.
"""

import contextlib
import json
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from abcd_run.errors import NoRuntime
from abcd_run.host import xdg
from abcd_run.runtime import Problem

UNIX = "unix://"
SYSTEM_SOCKET = Path("/var/run/docker.sock")
CONNECT_SECONDS = 3.0
START = "systemctl --user start docker, or dockerd-rootless-setuptool.sh install"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Daemon:
    """The address of a daemon, and the context that named it, if any."""

    url: str
    context: str = ""

    @property
    def socket(self) -> Path | None:
        """The daemon's socket; None if it listens on a port."""
        return Path(self.url.removeprefix(UNIX)) if self.url.startswith(UNIX) else None

    def program(self) -> list[str]:
        """Return Docker's command with the option that selects this daemon."""
        if self.socket:
            return ["docker", "--host", self.url]
        # For other daemons, the context or the environment has the certificates.
        return ["docker", "--context", self.context] if self.context else ["docker"]


def find() -> Daemon | Problem:
    """Return this user's daemon, running or not, or why there is none."""
    daemon = _configured() or _usual()
    if isinstance(daemon, Daemon) and (problem := _elsewhere(daemon)):
        return problem
    return daemon


def present() -> Daemon:
    """Return this user's daemon. Raises `NoRuntime`."""
    daemon = find()
    if isinstance(daemon, Problem):
        raise NoRuntime(daemon.message, remedy=daemon.remedy)
    return daemon


def unreachable(daemon: Daemon) -> Problem | None:
    """Return why nothing answers on the daemon's socket; None if something does."""
    if daemon.socket is None:
        return None
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as trial:
        trial.settimeout(CONNECT_SECONDS)
        try:
            trial.connect(str(daemon.socket))
        except PermissionError:
            return _forbidden(daemon.socket)
        except (FileNotFoundError, ConnectionRefusedError):
            return Problem(f"its daemon is down: nothing listens on {daemon.socket}", START)
        except OSError as error:
            return Problem(f"its daemon does not answer on {daemon.socket}: {error}", START)
    return None


def _configured() -> Daemon | Problem | None:
    """Return the daemon that the environment or the user's Docker configuration names, if any."""
    if url := os.environ.get("DOCKER_HOST"):
        return Daemon(url)
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    name = os.environ.get("DOCKER_CONTEXT") or _read(folder / "config.json").get("currentContext")
    if not name or name == "default":
        return None
    import hashlib  # noqa: PLC0415  (it loads OpenSSL, and few users have a context)

    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    url = _read(meta).get("Endpoints", {}).get("docker", {}).get("Host")
    if not url:
        return Problem(f"its context {name!r} cannot be read", "docker context use default")
    return Daemon(url, context=name)


def _usual() -> Daemon | Problem:
    folder = xdg.runtime_dir()
    own = folder / "docker.sock" if folder else None
    if own and (own.exists() or _was_set_up()):
        return Daemon(f"{UNIX}{own}")
    if SYSTEM_SOCKET.exists():
        # A daemon that this user may not access is not theirs: `ps` need not mention it.
        usable = os.access(SYSTEM_SOCKET, os.W_OK)
        return Daemon(f"{UNIX}{SYSTEM_SOCKET}") if usable else _forbidden(SYSTEM_SOCKET)
    if shutil.which("docker") or shutil.which("dockerd"):
        return Problem("docker is installed, but no daemon is running for this user", START)
    return Problem(
        "docker is not installed",
        "sudo apt install docker.io rootlesskit uidmap slirp4netns, "
        "then dockerd-rootless-setuptool.sh install",
    )


def _was_set_up() -> bool:
    """Say whether this user ever ran a rootless daemon: its instances may still exist."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return (Path(home) / "docker" / "containers").is_dir()


def _forbidden(path: Path) -> Problem:
    return Problem(
        f"this user may not use {path}",
        "run dockerd-rootless-setuptool.sh install to set up your own daemon",
    )


def _elsewhere(daemon: Daemon) -> Problem | None:
    """Refuse daemons on other hosts: their published ports would not be on this host."""
    parts = urlsplit(daemon.url)
    if parts.scheme == "unix" or (parts.scheme == "tcp" and parts.hostname in LOOPBACK):
        return None
    remedy = "docker context use default" if daemon.context else "unset DOCKER_HOST"
    return Problem(f"its daemon is not on this host: {daemon.url}", remedy)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
