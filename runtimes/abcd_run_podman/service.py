"""The API socket of Podman: the one that listens, or one of our own while we need it."""

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

# Also when we are killed, or interrupted while this is still being begun, no service and no socket
# may be left: our end of a pipe closes with us, however we end. Podman is two processes; the first
# has been seen to end without a word to the second, most often as the first podman since login: so
# the signal goes to the group. It has also been seen to miss the signal while it starts: so that
# is sent until it ends, and then one that nothing survives. What runs for containers has groups of
# its own.
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
    """Where Podman's API is; `process` is the service that was started for it, if any.

    Its socket lies in a folder of its `own` where the session has none.
    """

    url: str
    process: subprocess.Popen[bytes] | None = None
    own: Path | None = None
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def begin(cls) -> "Service":
        """Return the service that listens, or begin to start one without waiting for it."""
        if url := os.environ.get("CONTAINER_HOST"):
            return cls(url)
        session = xdg.runtime_dir()
        if session and _listens(session / "podman" / "podman.sock"):
            return cls(f"unix://{session}/podman/podman.sock")
        # In a folder that all may write to, somebody else could be listening in podman's place.
        own = None if session else Path(tempfile.mkdtemp(prefix="abcd-run-"))
        # A process may have several at once: each session of `Session` has its own.
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
        """Say whether it is root's, once it listens."""
        return self.socket.exists() and this_host.belongs_to_root(self.socket)

    def close(self) -> None:
        """End the service that was started, and remove its socket."""
        if self.process is not None:
            self._end(self.process)

    def _end(self, process: subprocess.Popen[bytes]) -> str:
        """End it, and return what it printed; nothing when that was told before."""
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
        """Where it listens, or will."""
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
    """Start a service at a path, maybe in a folder of its own that goes with it."""
    return subprocess.Popen(
        ["sh", "-c", UNTIL_WE_END, str(path), str(own or "")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # Ctrl-C on the terminal must not take away the service that undoing needs.
        start_new_session=True,
    )


def _listens(path: Path) -> bool:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as trial:
        try:
            return trial.connect_ex(str(path)) == 0
        except OSError:  # longer than a socket's path may be
            return False
