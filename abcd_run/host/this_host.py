"""Facts about this host, from the kernel and the user's own files."""

import errno
import os
import re
import socket
import struct
import sys
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from abcd_run.errors import HostTooSmall
from abcd_run.units import format_size

CONNECT_SECONDS = 3.0
_CREDENTIALS = struct.Struct("iII")
"""Linux's `struct ucred`: pid, uid, gid."""


def memory_available() -> int:
    """Return how many bytes a new program could get without swapping; 0 if unknown."""
    import psutil  # noqa: PLC0415  (6 ms; see below)

    try:
        return psutil.virtual_memory().available
    except OSError:  # a container without /proc
        return 0


def has_plenty(wanted: int) -> bool:
    """Say whether memory certainly suffices; if not, ask `memory_available`.

    The C library counts free pages within microseconds. Importing psutil takes 6 ms, half of
    Python's start: a launch on most hosts does not need it.
    """
    if sys.platform == "win32":
        return False
    try:
        return 2 * wanted <= os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # macOS
        return False


def check_memory(wanted: int, available: int) -> None:
    """Raise `HostTooSmall` if instances want more bytes than the host has free."""
    if wanted > available > 0:
        raise HostTooSmall(
            f"the image needs {format_size(wanted)} of memory, "
            f"but this host has {format_size(available)} free",
            remedy="abcd-run stop --all, or give it less with --memory",
        )


def delegated_controllers(root: Path = Path("/sys/fs/cgroup")) -> frozenset[str]:
    """Return the cgroup v2 controllers with which this user may limit processes; none on v1."""
    uid = user()
    own = root / f"user.slice/user-{uid}.slice/user@{uid}.service" if uid else root
    try:
        return frozenset((own / "cgroup.controllers").read_text().split())
    except OSError:
        return frozenset()


def belongs_to_root(path: Path) -> bool:
    """Say whether a file belongs to the host's real root, not to root of a user namespace."""
    return path.stat().st_uid == 0 == uid_map_root(os.getpid())


def free_ports(address: str, count: int) -> list[int]:
    """Return ports of an address that the kernel says are free just now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ExitStack() as stack:
        trials = [stack.enter_context(socket.socket(family)) for _ in range(count)]
        for trial in trials:
            trial.bind((address, 0))
        return [trial.getsockname()[1] for trial in trials]


def bind_problem(address: str, port: int) -> int:
    """Return the errno that prevents listening on a port just now; 0 if nothing does."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        return error.errno or errno.EADDRNOTAVAIL  # an invalid address has no errno
    return 0


def address() -> str:
    """Return this host's address in its network; loopback's if it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # nothing is sent: the kernel chooses the way there
        except OSError:
            return "127.0.0.1"
        return str(asked.getsockname()[0])


def uid_map_root(pid: int) -> int | None:
    """Return the host's uid behind a process's uid 0; None if the process is gone.

    The kernel shows `/proc/PID/uid_map` from the reader's own user namespace. We parse it here,
    like the cgroup controllers above: psutil reports neither.
    """
    try:
        lines = Path(f"/proc/{pid}/uid_map").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        inside, outside, _length = map(int, line.split())
        if inside == 0:
            return outside
    return None


def numbers_users() -> bool:
    """Say whether this host's users have numbers, with 0 for root; on Windows they do not."""
    return hasattr(os, "getuid")


def user() -> int:
    """Return the uid of this process's owner; on Windows, which has none, -1."""
    if sys.platform == "win32":
        return -1
    return os.getuid()


def listener(path: Path) -> int | None:
    """Return the uid that listens on a Unix socket; None if nobody does.

    The kernel reports it from our point of view, whatever user or PID namespace the daemon is in.
    """
    if sys.platform != "linux":
        with suppress(OSError):
            return path.stat().st_uid
        return None
    with closing(socket.socket(socket.AF_UNIX)) as trial:
        try:
            trial.settimeout(CONNECT_SECONDS)
            trial.connect(str(path))
            packed = trial.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return None
    _pid, uid, _gid = _CREDENTIALS.unpack(packed)
    return int(uid)


def has_display() -> bool:
    """Say whether programs can open windows here."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def ssh_key(home: Path) -> str:
    """Return the user's public ssh key; empty if there is none."""
    for name in ("id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub"):
        try:
            text = (home / ".ssh" / name).read_text()
        except (OSError, UnicodeDecodeError):
            continue
        return text.strip().partition("\n")[0]
    return ""


def keyboard(path: Path = Path("/etc/default/keyboard")) -> str:
    """Return the first layout of the host's keyboard, by X's name: "us", "ch(fr)"."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return "us"
    layout, variant = (_first(name, text) for name in ("XKBLAYOUT", "XKBVARIANT"))
    return f"{layout}({variant})" if layout and variant else layout or "us"


def _first(name: str, text: str) -> str:
    match = re.search(rf'^{name}="?([A-Za-z0-9_-]*)', text, re.MULTILINE)
    return match[1] if match else ""


def locale() -> str:
    """Return the user's locale."""
    return os.environ.get("LC_ALL") or os.environ.get("LANG") or "C.UTF-8"
