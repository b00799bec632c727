"""The container options that a profile may set without being trusted with the host.

What is listed here is allowed; everything else requires `--rootful`. With it, a profile could
reach the host's network, devices, other containers, or more of the kernel.
"""

import re
import sys
from collections.abc import Mapping, Sequence

from abcd_run.runtime import Option, Problem

OPTIONS: Mapping[str, Option] = {
    "network": Option(str, "`none`, `bridge`, or one of the engine's networks", "the engine's own"),
    "cap_add": Option(list, "capabilities to add", "none"),
    "cap_drop": Option(list, "more capabilities to drop", "none"),
    "devices": Option(list, "devices of the host, such as `/dev/fuse`", "none"),
    "init": Option(bool, "run the engine's own init as the first process", "false"),
    "setuid": Option(bool, "whether sudo and su may raise privileges inside", "false"),
}
"""The options that a profile may set under `[on.podman]` and `[on.docker]`."""

CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_ADMIN",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
        "SYS_PTRACE",
    }
)
"""Capabilities that have no effect outside of a container's own namespaces."""

DROPPED = ("AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SETPCAP")
"""Capabilities that engines grant by default but servers do not need: `cap_add` restores one.

This leaves CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, NET_BIND_SERVICE, SETGID, SETUID and
SYS_CHROOT: an init or sshd needs them to start as root, prepare folders and change users.
"""

PIDS = 4096
"""The limit of processes and threads per container; a browser has a few hundred."""

OPEN_FILES = 65536
"""The limit of open files per process.

Engines that root's systemd starts hand down a billion, and programs that close all they could have
open (KDE's file workers) then spin for 80 s each.
"""

# host, container:NAME and ns:PATH are others' networks. What follows a colon may open the host's
# loopback (slirp4netns:allow_host_loopback=true).
_NETWORK = re.compile(r"(?!host$)[A-Za-z0-9][A-Za-z0-9_.-]*")
_DEVICE = re.compile(
    r"/dev/(fuse|kvm|net/tun|dri|dri/(card|renderD)[0-9]+)(:/dev/[A-Za-z0-9_/-]+)?(:[rwm]{1,3})?"
)


def trusts(options: Mapping[str, object]) -> Problem | None:
    """Return the option that reaches beyond a container; None if none does."""
    network = str(options.get("network", "bridge"))
    if not _NETWORK.fullmatch(network):
        return Problem(
            f"network: {network!r} reaches beyond the containers",
            "set network to 'none', 'bridge', or the name of one of the engine's networks",
        )
    for word in _words(options.get("cap_add")):
        if _capability(word) not in CAPABILITIES:
            known = ", ".join(sorted(CAPABILITIES))
            return Problem(f"cap_add: {word!r} reaches beyond the container", f"use one of {known}")
    for word in _words(options.get("devices")):
        if not _DEVICE.fullmatch(word):
            known = "/dev/fuse, /dev/net/tun, /dev/kvm, /dev/dri"
            return Problem(f"devices: {word!r} is not open to containers", f"use one of {known}")
    return None


def dropped(options: Mapping[str, object]) -> list[str]:
    """Return the capabilities to drop from a container."""
    added = {_capability(word) for word in _words(options.get("cap_add"))}
    if "ALL" in added:
        return []
    wanted = (*DROPPED, *map(_capability, _words(options.get("cap_drop"))))
    return sorted(set(wanted) - added)


def gains_rights(options: Mapping[str, object]) -> bool:
    """Say whether setuid programs (sudo, su) may raise privileges inside.

    Not by default: services in images mostly run as unprivileged users, and an attacker who takes
    one over must not become root through a hole in sudo. A profile that needs it sets `setuid`.
    """
    return options.get("setuid") is True


def _capability(word: str) -> str:
    return word.upper().removeprefix("CAP_")


def _words(value: object) -> Sequence[str]:
    return value if isinstance(value, list | tuple) else ()


def open_files() -> int:
    """Return the limit of open files for a container: not above what this user may have.

    An engine whose own limit is lower refuses a higher one.
    """
    if sys.platform == "win32":
        return OPEN_FILES
    import resource  # noqa: PLC0415  (only a launch asks)

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
