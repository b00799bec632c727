"""Podman's API socket: the one already listening, or our own for as long as we need it."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from abcd_run.concurrency.cancel import check, current
from abcd_run.errors import NoRuntime
from abcd_run.host import this_host, xdg
from abcd_run_podman import store

# No service and no socket may be left behind, even if we are killed, or interrupted while this is
# still starting: our end of a pipe closes with us, however we end. Podman is two processes. The
# first sometimes ends without telling the second, mostly as the first podman since login, so the
# signal goes to the group. It sometimes misses the signal while it starts, so the signal is
# repeated until it ends, and SIGKILL follows. Container processes have groups of their own.
UNTIL_WE_END = """
trap : TERM
exec 3<&0
podman system service --time=0 "unix://$0" </dev/null & service=$!
{
  trap : TERM
  read -r _
  tries=100
  while kill -0 "$service"; do
    kill 0
    sleep 0.1
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { rm -f "$0"; [ -z "$1" ] || rmdir "$1"; kill -KILL 0; }
  done
} <&3 >/dev/null 2>&1 & listener=$!
exec 3<&- 2>/dev/null
while kill -0 "$service" 2>/dev/null; do wait "$service"; status=$?; done
kill -KILL "$listener" 2>/dev/null
rm -f "$0"
[ -z "$1" ] || rmdir "$1"
exit "$status"
"""
START_SECONDS = 20.0
END_SECONDS = 10.0
HURRIED_SECONDS = 0.5
LOOK_SECONDS = 0.005


@dataclass
class Service:
    """Where Podman's API listens; `process` is the service that we started for it, if any.

    If the session has no folder for sockets, the socket is in a folder of its `own`.
    """

    url: str
    process: subprocess.Popen[bytes] | None = None
    own: Path | None = None
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def begin(cls) -> "Service":
        """Return the service that is listening, or start one without waiting for it."""
        if url := os.environ.get("CONTAINER_HOST"):
            return cls(url)
        session = xdg.runtime_dir()
        if session and _listens(session / "podman" / "podman.sock"):
            return cls(f"unix://{session}/podman/podman.sock")
        # In a world-writable folder, another user could listen in podman's place.
        own = None if session else Path(tempfile.mkdtemp(prefix="abcd-run-"))
        # A process may run several at once: each `Session` has its own.
        name = f"abcd-run-podman-{os.getpid()}-{os.urandom(3).hex()}.sock"
        path = (own or session or Path()) / name
        return cls(f"unix://{path}", _start(path, own), own)

    def ready(self) -> str:
        """Return the URL once something listens there. Raises `NoRuntime`."""
        with self._lock:
            if self.process is not None:
                self._await(self.process)
        return self.url

    def rootful(self) -> bool:
        """Say whether the service belongs to root; valid once it listens."""
        return self.socket.exists() and this_host.belongs_to_root(self.socket)

    def close(self) -> None:
        """End the service that was started, and remove its socket."""
        if self.process is not None:
            self._end(self.process)

    def _end(self, process: subprocess.Popen[bytes]) -> str:
        """End it and return its output; empty if that was returned before."""
        if process.stdin and process.stdin.closed:
            return ""
        try:
            hurried = current().is_set()
            patience = HURRIED_SECONDS if hurried else END_SECONDS
            printed = process.communicate(timeout=patience)[1]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            printed = process.communicate()[1]
            self.socket.unlink(missing_ok=True)
            if self.own:
                self.own.rmdir()
        return printed.decode(errors="replace").strip()

    @property
    def socket(self) -> Path:
        """The path on which it listens, or will listen."""
        return Path(self.url.removeprefix("unix://"))

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(self.socket):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoRuntime(
                    "podman's service did not start",
                    details=self._end(process),
                    remedy="podman info",
                )
            check()
            time.sleep(LOOK_SECONDS)


def _start(path: Path, own: Path | None) -> subprocess.Popen[bytes]:
    """Start a service at a path; a folder of its `own` is removed with it."""
    store.prepare()
    return subprocess.Popen(
        ["sh", "-c", UNTIL_WE_END, str(path), str(own or "")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # Ctrl-C on the terminal must not end the service: undoing a launch needs it.
        start_new_session=True,
    )


def _listens(path: Path) -> bool:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as trial:
        try:
            return trial.connect_ex(str(path)) == 0
        except OSError:  # the path is too long for a socket
            return False
