"""Whose sockets these are, as the kernel knows it.

On a host of several users 127.0.0.1 is public: whoever serves there, or sends a password there,
must know who is at the other end. Linux says it in two ways. SOCK_DIAG, which `ss` uses, finds one
connection or listener by its addresses in 20 µs, among however many, and a socket of IPv6 that
talks IPv4 (`::ffff:127.0.0.1`) as well. The tables of /proc/net take 5 ms each on a host with much
memory, and longer the more connections anybody has: they are read where SOCK_DIAG is missing.
psutil reads the same tables, but drops the column that counts here, the uid.
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
"""Whether the kernel of this host says whose a socket is: then one that is unknown is nobody's."""

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTENS = 10
MAPPED = b"\0" * 10 + b"\xff\xff"
"""What stands before an IPv4 address that is written as one of IPv6."""

SOCK_DIAG, BY_FAMILY, NO_COOKIE = 4, 20, 0xFFFFFFFF
ALL_STATES = 0xFFFFFFFF
REQUEST = struct.Struct("=IHHIIBBBBI")
"""A message's length, kind, flags, number and port; family, protocol, two of no use; states."""

ENDS = struct.Struct("!HH16s16s")
"""The ports and addresses of a connection."""

ANY_INTERFACE = struct.pack("=III", 0, NO_COOKIE, NO_COOKIE)

ANSWER = struct.Struct("=4xH10xBB62xII")
"""Kind of the message; family, state, uid and inode of the socket."""

NETLINK_SECONDS = 1.0


class Seen(NamedTuple):
    """A socket that the kernel knows; without an `inode` no process has it any more."""

    state: int
    uid: int
    inode: int


def owner(near: Address, far: Address) -> int | None:
    """Return the uid of whose socket is the near end of a connection, None if unknown.

    Both ends are needed: a port of the near one may have been another connection's a moment ago.
    A socket that was closed is nobody's, although the kernel calls it root's.
    """
    sock = _asked(near, far) if _has_diag() else from_tables(near, far)
    return sock.uid if sock and sock.state != LISTENS and sock.inode else None


def listener(at: Address) -> int | None:
    """Return the uid of who takes connections to an address of this host, None if unknown."""
    sock = _asked(at, None) if _has_diag() else from_tables(at, None)
    return sock.uid if sock and sock.state == LISTENS else None


def is_here(ip: str) -> bool:
    """Say whether an address is one of this host."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    try:
        with socket.socket(family) as trial:
            trial.bind((ip, 0))
    except OSError:
        return False
    return True


@functools.cache
def _has_diag() -> bool:
    """Say whether SOCK_DIAG finds a socket that is there for certain."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as own:
            return _asked(own.getsockname(), None) is not None
    except (OSError, AttributeError):  # no such protocol, or no such system
        return False


def _asked(near: Address, far: Address | None) -> Seen | None:
    """Ask the kernel for the socket of a connection, or of who would take one at `near`."""
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
    except OSError:  # out of files or of memory: then it is unknown
        return None
    if len(said) < ANSWER.size:
        return None
    kind, _family, state, uid, inode = ANSWER.unpack_from(said)
    return Seen(state, uid, inode) if kind == BY_FAMILY else None


def from_tables(near: Address, far: Address | None) -> Seen | None:
    """Return the socket of a connection, or of who listens at `near`, by the tables of /proc.

    psutil reads them as well, and leaves out whose a socket is.

    None where there is none, and where several users' sockets could be meant.
    """
    nears = _written(near)
    if far is None:
        nears |= _written(("0.0.0.0", near[1])) | _written(("::", near[1]))  # noqa: S104
    fars = _written(far) if far else None
    fit = [
        seen
        for here, there, seen in _rows(TABLES)
        if here in nears and (there in fars if fars else seen.state == LISTENS)
    ]
    return fit[0] if len({seen.uid for seen in fit}) == 1 else None


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
    """Return an address as the tables have it: also that of IPv4 as a socket of IPv6 sees it."""
    packed = _packed(address[0])
    forms = [packed] if len(packed) == 16 else [packed, MAPPED + packed]  # noqa: PLR2004
    return {f"{_hexadecimal(form)}:{address[1]:04X}" for form in forms}


def _hexadecimal(packed: bytes) -> str:
    # Groups of four bytes, each as the host's processor keeps a number.
    groups = (packed[place : place + 4] for place in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(group, sys.byteorder):08X}" for group in groups)


def _packed(ip: str) -> bytes:
    """Return an address in bytes, that of IPv4 in four, however it was written."""
    if ":" not in ip:
        return socket.inet_aton(ip)
    packed = socket.inet_pton(socket.AF_INET6, ip.partition("%")[0])
    return packed.removeprefix(MAPPED)
