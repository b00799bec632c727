"""Ask the kernel who owns a socket.

On a multi-user host 127.0.0.1 is public: before serving or sending a password there, we must know
who is at the other end. Linux offers two ways. SOCK_DIAG, which `ss` uses, looks up a connection or
listener by its addresses in 20 µs, however many exist, including IPv6 sockets that speak IPv4
(`::ffff:127.0.0.1`). The tables in /proc/net take 5 ms each on a host with much memory, and longer
with more connections: they are read if SOCK_DIAG is missing. psutil reads the same tables but
drops the uid, the column that matters here.
"""

import functools
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

Address = tuple[str, int]

IS_TOLD = sys.platform == "linux"
"""Whether this host's kernel reports socket owners: if so, an unknown socket has no owner."""

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTENS = 10
MAPPED = b"\0" * 10 + b"\xff\xff"
"""The prefix of an IPv4 address written as an IPv6 one."""

SOCK_DIAG, BY_FAMILY, NO_COOKIE = 4, 20, 0xFFFFFFFF
ALL_STATES = 0xFFFFFFFF
REQUEST = struct.Struct("=IHHIIBBBBI")
"""A message's length, kind, flags, number and port; family, protocol, two unused; states."""

ENDS = struct.Struct("!HH16s16s")
"""The ports and addresses of a connection."""

ANY_INTERFACE = struct.pack("=III", 0, NO_COOKIE, NO_COOKIE)

ANSWER = struct.Struct("=4xH10xBB62xII")
"""Kind of the message; family, state, uid and inode of the socket."""

NETLINK_SECONDS = 1.0


class Seen(NamedTuple):
    """A socket that the kernel knows; without an `inode`, no process holds it any more."""

    state: int
    uid: int
    inode: int


def owner(near: Address, far: Address) -> int | None:
    """Return the uid that owns the near end of a connection; None if unknown.

    Both ends are needed: a moment ago, the near port may have belonged to another connection.
    A closed socket has no owner, although the kernel reports root.
    """
    sock = _asked(near, far) if _has_diag() else from_tables(near, far)
    return sock.uid if sock and sock.state != LISTENS and sock.inode else None


def listener(at: Address) -> int | None:
    """Return the uid that accepts connections to an address of this host; None if unknown."""
    sock = _asked(at, None) if _has_diag() else from_tables(at, None)
    return sock.uid if sock and sock.state == LISTENS else None


def is_here(ip: str) -> bool:
    """Say whether an address belongs to this host."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    try:
        with socket.socket(family) as trial:
            trial.bind((ip, 0))
    except OSError:
        return False
    return True


@functools.cache
def _has_diag() -> bool:
    """Say whether SOCK_DIAG finds a socket that certainly exists."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as own:
            return _asked(own.getsockname(), None) is not None
    except OSError:  # no such protocol
        return False


def _asked(near: Address, far: Address | None) -> Seen | None:
    """Ask the kernel for the socket of a connection, or for the listener at `near`."""
    if sys.platform != "linux":
        return None
    here, there = _packed(near[0]), _packed(far[0]) if far else b""
    family = socket.AF_INET if len(here) == 4 else socket.AF_INET6  # noqa: PLR2004
    ends = ENDS.pack(near[1], far[1] if far else 0, here, there) + ANY_INTERFACE
    length = REQUEST.size + len(ends)
    head = REQUEST.pack(length, BY_FAMILY, 1, 1, 0, family, socket.IPPROTO_TCP, 0, 0, ALL_STATES)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as kernel:
            kernel.settimeout(NETLINK_SECONDS)
            kernel.send(head + ends)
            said = kernel.recv(1 << 13)
    except OSError:  # out of files or memory: the owner stays unknown
        return None
    if len(said) < ANSWER.size:
        return None
    kind, _family, state, uid, inode = ANSWER.unpack_from(said)
    return Seen(state, uid, inode) if kind == BY_FAMILY else None


def from_tables(near: Address, far: Address | None) -> Seen | None:
    """Return the socket of a connection, or the listener at `near`, from the tables in /proc.

    None if there is none, or if sockets of several users match.
    """
    nears = _written(near)
    if far is None:
        nears |= _written(("0.0.0.0", near[1])) | _written(("::", near[1]))  # noqa: S104
    fars = _written(far) if far else None
    fit = [
        sock
        for here, there, sock in _rows(TABLES)
        if here in nears and (there in fars if fars else sock.state == LISTENS)
    ]
    return fit[0] if len({sock.uid for sock in fit}) == 1 else None


def _rows(tables: Iterable[Path]) -> Iterator[tuple[str, str, Seen]]:
    for table in tables:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:  # a kernel without IPv6
            continue
        for line in lines:
            words = line.split()
            yield words[1], words[2], Seen(int(words[3], 16), int(words[7]), int(words[9]))


def _written(address: Address) -> set[str]:
    """Return an address as the tables write it, including IPv4 as an IPv6 socket sees it."""
    packed = _packed(address[0])
    forms = [packed] if len(packed) == 16 else [packed, MAPPED + packed]  # noqa: PLR2004
    return {f"{_hexadecimal(form)}:{address[1]:04X}" for form in forms}


def _hexadecimal(packed: bytes) -> str:
    # Groups of four bytes, each in the byte order of the host's processor.
    groups = (packed[place : place + 4] for place in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(group, sys.byteorder):08X}" for group in groups)


def _packed(ip: str) -> bytes:
    """Return an address in bytes; IPv4 takes four, however it was written."""
    if ":" not in ip:
        return socket.inet_aton(ip)
    packed = socket.inet_pton(socket.AF_INET6, ip.partition("%")[0])
    return packed.removeprefix(MAPPED)
