"""What may differ from one runtime to another, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from abcd_run.model import Service
from abcd_run.verify.layers import Upper
from abcd_run.verify.values import Facts, Row

CONTEXT: Mapping[str, str] = {
    "init": "each upper layer has an init for its kind of context",
    "kernel": "containers run on the host's kernel, machines on the image's own",
    "network": "the runtime decides which network devices there are",
    "graphics": "machines have a graphics card, containers draw in memory",
    "root": "the runtime decides where the root file system is kept",
}
"""What must differ: the facts of `scripts.CONTEXT`, and the reason of each."""

WRITTEN: Mapping[str, str] = {
    "/etc/hostname": "each instance has its own name",
    "/etc/hosts": "names the instance",
    "/etc/resolv.conf": "the runtime's name server",
    "/etc/mtab": "what the runtime mounted",
    "/etc/passwd*": "who the seed names; compared as users and groups",
    "/etc/group*": "who the seed names; compared as users and groups",
    "/etc/shadow*": "each instance has its own password",
    "/etc/gshadow*": "each instance has its own password",
    "/etc/machine-id": "each instance has its own",
    "/etc/ssh/ssh_host_*": "each instance has its own keys",
    "/etc/dropbear/*_host_key": "each instance has its own keys",
    "/etc/abcd/seed": "the instance's own seed",
    "/etc/abcd/variant": "names the variant",
    "/etc/adjtime": "the machine's clock",
    "/etc/network/interfaces": "the runtime's network",
    "/etc/.pwd.lock": "made when a password is set",
    "/etc/.updated": "made at the first start",
    "/etc/ld.so.cache": "made anew when a layer adds a library",
    "/usr/lib/udev/hwdb.bin": "made anew at the first start",
}
"""Paths that starting an instance writes, and why they are its own: they are not compared."""

PROCESSES: Mapping[str, str] = {
    "getty": "a machine's consoles ask who is there",
    "agetty": "a machine's consoles ask who is there",
    "acpid": "a machine has a power button",
    "udhcpc": "where no engine gives an address, the system asks for one",
    "dhcpcd": "where no engine gives an address, the system asks for one",
    "modprobe": "only machines load drivers",
    "*udevd": "only machines have devices to look after",
    "(udev-worker)": "only machines have devices to look after",
    "sleep": "a script waits; it comes and goes",
    "usleep": "a script waits; it comes and goes",
}
"""Processes that only some kinds of context need, or that come and go."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a profile lets differ: rows of a check that fit a pattern, and the reason."""

    check: str
    pattern: str
    reason: str


def of_files(facts: Facts, uppers: Iterable[Upper]) -> dict[str, str]:
    """Return the facts about the base's files: neither an upper layer's nor written at start."""
    tops = list(uppers)
    return {
        path: value
        for path, value in facts.items()
        if not _matching(path, WRITTEN) and not any(top.owns(path) for top in tops)
    }


def of_ports(row: Row, services: Sequence[Service]) -> str:
    """Return why a port may be open on some runtimes only: its service is one variant's."""
    for service in services:
        if row.what == str(service.port) and service.kind:
            return f"only {service.kind} has the service {service.name}"
    return ""


def of_processes(row: Row, uppers: Mapping[str, Upper]) -> str:
    """Return why a process may run on some runtimes only; `uppers` are given by runtime."""
    if reason := _matching(row.what, PROCESSES):
        return reason
    having = [uppers.get(runtime, Upper()) for runtime in row.values]
    if having and all(row.what in upper.programs for upper in having):
        return "the program is the upper layer's"
    return ""


def of_packages(row: Row, uppers: Mapping[str, Upper]) -> str:
    """Return why a package may differ: each instance has what its variant's image lists."""
    lists = {runtime: upper.packages for runtime, upper in uppers.items()}
    if not lists or any(one is None for one in lists.values()):
        return ""
    as_listed = all(row.values.get(on) == (one or {}).get(row.what) for on, one in lists.items())
    return "the package is the upper layer's" if as_listed else ""


def by_profile(check: str, row: Row, allowed: Iterable[Allowed]) -> str:
    """Return the reason that the profile gives for a row; empty if it gives none."""
    rules = (one for one in allowed if one.check == check)
    return next((one.reason for one in rules if fnmatchcase(row.what, one.pattern)), "")


def _matching(word: str, table: Mapping[str, str]) -> str:
    return next((reason for one, reason in table.items() if fnmatchcase(word, one)), "")
