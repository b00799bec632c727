"""What a profile may say of a container without being trusted with the host.

Allowed is what is listed here. All else is for `--rootful` alone: who says it in a profile could
reach the host's network, devices, other containers, or more of its kernel.
"""

import re
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
"""What `[on.podman]` and `[on.docker]` of a profile may have."""

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
"""Those that mean nothing outside of the namespaces that a container has of its own."""

DROPPED = ("AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SETPCAP")
"""Those of the engines' own choice that servers do without: `cap_add` gives one back.

Left are CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, NET_BIND_SERVICE, SETGID, SETUID and SYS_CHROOT:
what an init and sshd need that start as root, prepare folders and become somebody else.
"""

PIDS = 4096
"""How many processes and threads a container may have; a browser has some hundreds."""

# Host, container:NAME and ns:PATH are others' networks; what follows a colon may let it to the
# host's loopback (slirp4netns:allow_host_loopback=true).
_NETWORK = re.compile(r"(?!host$)[A-Za-z0-9][A-Za-z0-9_.-]*")
_DEVICE = re.compile(
    r"/dev/(fuse|kvm|net/tun|dri|dri/(card|renderD)[0-9]+)(:/dev/[A-Za-z0-9_/-]+)?(:[rwm]{1,3})?"
)


def trusts(options: Mapping[str, object]) -> Problem | None:
    """Return which option reaches out of a container, None where none does."""
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
    """Return the capabilities that a container shall not have."""
    added = {_capability(word) for word in _words(options.get("cap_add"))}
    if "ALL" in added:
        return []
    wanted = (*DROPPED, *map(_capability, _words(options.get("cap_drop"))))
    return sorted(set(wanted) - added)


def gains_rights(options: Mapping[str, object]) -> bool:
    """Say whether programs with setuid (sudo, su) may give rights inside.

    Not by default: what listens in an image mostly runs as a user without rights, and who takes it
    over shall not become root inside by a hole in sudo. A profile whose person needs it says so.
    """
    return options.get("setuid") is True


def _capability(word: str) -> str:
    return word.upper().removeprefix("CAP_")


def _words(value: object) -> Sequence[str]:
    return value if isinstance(value, list | tuple) else ()
