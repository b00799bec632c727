"""Ports of the host: chosen free, kept until LXD has them, and seen to be LXD's."""

import errno
import socket
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from abcd_run.errors import LaunchFailed, PortTaken

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTENING = "0A"
ROOT = "0"


class Reserved:
    """Ports chosen for one instance.

    Sockets that are bound but do not listen keep the kernel from giving the ports to others, and
    let LXD bind them: it sets the same option. They end with this process.
    """

    def __init__(self, address: str, wanted: Iterable[int], fixed: Mapping[int, int]) -> None:
        self._sockets: list[socket.socket] = []
        self.ports: dict[int, int] = {}
        try:
            for port in wanted:
                self.ports[port] = self._reserve(address, fixed.get(port, 0))
        except BaseException:
            self.release()
            raise

    def _reserve(self, address: str, port: int) -> int:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        reserving = socket.socket(family)
        self._sockets.append(reserving)
        reserving.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            reserving.bind((address, port))
        except PermissionError:
            # Below 1024: for root only, as whom LXD runs.
            if owners([port]):
                raise taken(address, port) from None
            return port
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise LaunchFailed(
                    f"lxd could not listen on {address}",
                    details=error.strerror or str(error),
                    remedy="use an address of this host: --address",
                ) from error
            raise taken(address, port) from error
        return int(reserving.getsockname()[1])

    def release(self) -> None:
        """Give the ports back; LXD keeps those on which it listens."""
        for one in self._sockets:
            one.close()


def taken(address: str, port: int) -> PortTaken:
    """Return the error for a port that somebody else has."""
    return PortTaken(
        f"port {port} on {address} is already in use",
        details="another program listens there",
        remedy="let abcd-run choose the port, or pick another one",
        port=port or None,
    )


def listens(ports: Collection[int]) -> bool:
    """Say whether LXD, which is root's, listens at all of these ports."""
    uids = owners(ports)
    return all(uids.get(port) == ROOT for port in ports)


def owners(ports: Iterable[int], tables: Iterable[Path] = TABLES) -> dict[int, str]:
    """Return the uids of those who listen at ports of this host; nobody listens at the others.

    psutil reads these tables as well, and leaves out whose a socket is.
    """
    wanted = set(ports)
    uids = {}
    for table in tables:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            port = int(words[1].rpartition(":")[2], 16)
            if words[3] == LISTENING and port in wanted:
                uids[port] = words[7]
    return uids
