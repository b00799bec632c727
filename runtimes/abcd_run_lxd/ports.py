"""Host ports: choose free ones, reserve them until LXD has them, and check that it does."""

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

    Sockets that are bound but do not listen stop the kernel from giving the ports to others, and
    still let LXD bind them: it sets the same option. They close when this process ends.
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
            # Below 1024: only root may bind it, and LXD runs as root.
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
        """Release the ports; LXD keeps those on which it listens."""
        for reserving in self._sockets:
            reserving.close()


def taken(address: str, port: int) -> PortTaken:
    """Return the error for a port that is already in use."""
    return PortTaken(
        f"port {port} on {address} is already in use",
        details="another program listens there",
        remedy="let abcd-run choose the port, or pick another one",
        port=port or None,
    )


def listens(ports: Collection[int]) -> bool:
    """Say whether LXD, which runs as root, listens on all of these ports."""
    uids = owners(ports)
    return all(uids.get(port) == ROOT for port in ports)


def owners(ports: Iterable[int], tables: Iterable[Path] = TABLES) -> dict[int, str]:
    """Return the uids that listen on these host ports; ports without a listener are left out.

    psutil reads the same tables but drops a socket's owner.
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
