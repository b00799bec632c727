"""The first process of a box: set it up as planned, and serve its page.

Its argument is the folder of the box, which disappears once /tmp is private.
"""

import base64
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

NO_PORT = 98
USERS = "root:x:0:0::/:/bin/sh\nabcd:x:1000:1000::/:/bin/sh\n"
GROUPS = "root:x:0:\nabcd:x:1000:\n"
ENDS = "#!/bin/sh\nkill -TERM 1\n"
MINE = "ro,nosuid,nodev"
"""A mount that was made for us keeps what is forbidden on it; so these are said always."""


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def _settle(spec: dict[str, Any], folder: Path) -> None:
    """Set up the box's own folders, users, name and seed."""
    socket.sethostname(spec["name"])
    for name, text in (("passwd", USERS), ("group", GROUPS)):
        (folder / name).write_text(text)
        _mount("--bind", str(folder / name), f"/etc/{name}")
    _mount("-t", "proc", "proc", "/proc")
    _mount("-t", "tmpfs", "tmpfs", "/mnt")
    for source, target, read_only in spec["shares"]:
        Path(target).mkdir(parents=True)
        _mount("--bind", source, target)
        if read_only:
            _mount("-o", f"remount,bind,{MINE}", target)
    # Without /run, nothing inside can reach the host's init.
    for own in ("/run", "/tmp"):
        _mount("-t", "tmpfs", "tmpfs", own)
    _seed(spec, Path("/run/abcd"))


def _seed(spec: dict[str, Any], where: Path) -> None:
    where.mkdir()
    (where / "seed").write_text(spec["seed"])
    (where / "seed").chmod(0)  # the one inside who may read all is root
    (where / "bin").mkdir()
    (where / "bin/poweroff").write_text(ENDS)
    (where / "bin/poweroff").chmod(0o755)
    told = {**spec["env"], "PATH": f"{where}/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
    lines = [f"export {key}={shlex.quote(value)}\n" for key, value in told.items()]
    (where / "environment").write_text("".join(lines))


def _page(spec: dict[str, Any]) -> HTTPServer:
    token = base64.b64encode(f"{spec['user']}:{spec['password']}".encode()).decode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            right = self.headers["Authorization"] == f"Basic {token}"
            self.send_response(200 if right else 401)
            self.end_headers()
            self.wfile.write(spec["text"].encode() if right else b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return HTTPServer((spec["address"], spec["port"]), Page)


def main() -> None:
    """Serve until a signal comes."""
    folder = Path(sys.argv[1])
    spec = json.loads((folder / "spec.json").read_text())
    here = os.open(folder, os.O_RDONLY)
    try:
        page = _page(spec)
    except OSError:
        sys.exit(NO_PORT)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    _settle(spec, folder)
    if spec["command"]:
        line = '. /run/abcd/environment; exec "$@"'
        subprocess.Popen(["sh", "-c", line, "sh", *spec["command"]])
    os.write(1, b"abcd: ready\n")
    ports = {"8080": page.server_address[:2]}
    with os.fdopen(os.open("ports.part", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=here), "w") as out:
        json.dump(ports, out)
    os.rename("ports.part", "ports.json", src_dir_fd=here, dst_dir_fd=here)
    page.serve_forever()


if __name__ == "__main__":
    main()
