"""Run commands as the stranger: another user of the host, who tries what such a one can.

tests/engines/run starts it as that user: `python3 - SOCKET UID`. Only the user UID may connect, who
sends an argument list (JSON) with three open files, the command's standard input, output and error,
and gets its exit status as a line. Hanging up ends the command.
"""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingUnixStreamServer

ARGUMENTS = 1 << 20
END_SECONDS = 5


class Server(ThreadingUnixStreamServer):
    """Listens for one user."""

    daemon_threads = True
    user: int


class Command(BaseRequestHandler):
    """One command, as long as its connection."""

    server: Server
    request: socket.socket

    def handle(self) -> None:
        credentials = self.request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if struct.unpack("3i", credentials)[1] != self.server.user:
            return
        asked, files, _flags, _address = socket.recv_fds(self.request, ARGUMENTS, 3)
        try:
            status = self._run([str(word) for word in json.loads(asked)], files)
        except OSError as error:
            os.write(files[2], f"{error}\n".encode())
            status = 127
        finally:
            for file in files:
                os.close(file)
        self.request.sendall(f"{status}\n".encode())

    def _run(self, command: list[str], files: list[int]) -> int:
        given, out, err = files
        process = subprocess.Popen(
            command, stdin=given, stdout=out, stderr=err, start_new_session=True
        )
        ended, connection = os.pidfd_open(process.pid), self.request.fileno()
        try:
            ready, _, _ = select.select([ended, connection], [], [])
        finally:
            os.close(ended)
        if connection in ready:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            return process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()


def main() -> None:
    path, user = Path(sys.argv[1]), int(sys.argv[2])
    path.unlink(missing_ok=True)
    with Server(str(path), Command) as server:
        server.user = user
        path.chmod(0o666)
        server.serve_forever()


if __name__ == "__main__":
    main()
