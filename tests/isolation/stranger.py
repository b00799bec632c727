"""Run commands as another user of the host, through tests/engines/lib/stranger.py."""

import json
import os
import socket
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.waiting import until

SOCKET = Path("/run/abcd-run-test/stranger/socket")
PROGRAMS = Path(__file__).parent / "as_stranger"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command of the stranger ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Running:
    """A command of the stranger that runs until it is ended."""

    connection: socket.socket
    out: IO[bytes]
    err: IO[bytes]

    def said(self) -> str:
        """Return its output so far."""
        return os.pread(self.out.fileno(), os.fstat(self.out.fileno()).st_size, 0).decode()

    def ended(self) -> Ended:
        """Wait for its end."""
        answer = b""
        while not answer.endswith(b"\n"):
            piece = self.connection.recv(100)
            assert piece, "the stranger's server has gone"
            answer += piece
        err = os.pread(self.err.fileno(), os.fstat(self.err.fileno()).st_size, 0).decode()
        return Ended(int(answer), self.said(), err)

    def end(self) -> Ended:
        """Tell it to end, and wait for that."""
        self.connection.shutdown(socket.SHUT_WR)
        return self.ended()


class Stranger:
    """Another unprivileged user of this host."""

    def __init__(self, path: Path = SOCKET) -> None:
        self.path = path

    @contextmanager
    def running(
        self, command: Sequence[str], *, given: bytes = b"", within: float = 60
    ) -> Iterator[Running]:
        """Start a command, with `given` as its standard input; it ends with the block."""
        with (
            tempfile.TemporaryFile() as stdin,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            socket.socket(socket.AF_UNIX) as connection,
        ):
            stdin.write(given)
            stdin.flush()
            stdin.seek(0)
            connection.settimeout(within)
            connection.connect(str(self.path))
            files = [stdin.fileno(), out.fileno(), err.fileno()]
            socket.send_fds(connection, [json.dumps(list(command)).encode()], files)
            yield Running(connection, out, err)

    def run(self, *command: str, given: bytes = b"", within: float = 60) -> Ended:
        """Run a command to its end."""
        with self.running(command, given=given, within=within) as running:
            return running.ended()

    def python(self, program: str, *arguments: str, within: float = 60) -> Ended:
        """Run one of the programs in `as_stranger` to its end, which must be status 0.

        Its input appears in no process list: the tests search those.
        """
        told = f"import sys\nsys.argv[1:] = {list(arguments)!r}\n".encode()
        given = told + (PROGRAMS / f"{program}.py").read_bytes()
        ended = self.run("/usr/bin/python3", "-", given=given, within=within)
        assert ended.status == 0, ended.err
        return ended

    @contextmanager
    def watching(self) -> Iterator[Running]:
        """Watch all processes of the host continuously, from now until it is ended."""
        source = (PROGRAMS / "processes.py").read_bytes()
        command = ["/usr/bin/python3", "-"]
        with self.running(command, given=source, within=60) as running:
            until(lambda: "looking" in running.said())
            yield running

    def uid(self) -> int:
        """Return who it is; also what the kernel says of who answers."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.path))
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("3i", credentials)[1])
