"""Small, read-only and noexec file systems: a clear error with a remedy, and nothing left.

They are mounted in a namespace of the user's, visible only to the process under test.
"""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

TELL = """
import io, os, sys, tarfile
from pathlib import Path
from abcd_run.errors import AbcdRunError
from abcd_run.host.os_errors import unexpected
folder = Path(sys.argv[1])
try:
    {act}
except Exception as error:
    told = error if isinstance(error, AbcdRunError) else unexpected(error)
    print(told.message, told.details, told.remedy, sep=" | ")
print(*sorted(path.name for path in folder.rglob("*") if path.is_file()))
"""
ISO = """
    from abcd_run.iso.build import build
    from abcd_run.iso.system import LiveSystem
    (folder / "kernel").write_bytes(bytes(0x202) + b"HdrS")
    (folder / "initrd").write_bytes(b"initrd")
    def write_tar(sink):
        with tarfile.open(fileobj=sink, mode="w|") as tar:
            for number in range(64):
                info = tarfile.TarInfo(str(number))
                info.size = 1 << 20
                tar.addfile(info, io.BytesIO(os.urandom(1 << 20)))
    system = LiveSystem(write_tar=write_tar, kernel=folder / "kernel", initrd=folder / "initrd")
    build(system, folder / "out" / "a.iso")
"""
DOWNLOAD = """
    from abcd_run.download import fetch
    fetch(sys.argv[2], folder / "a.iso")
"""
PREPARE = """
    from abcd_run.build import prepared
    script = folder / "prepare"
    script.write_text("#!/bin/sh")
    script.chmod(0o755)
    prepared.run(folder, folder, "", lambda _: None)
"""
BUILD = """
    import shutil
    shutil.copytree(sys.argv[2], folder / "copy")
"""


def within(options: str, folder: Path, act: str, *arguments: str) -> list[str]:
    """Return an act's output and the files it leaves on a small file system with these options."""
    folder.mkdir(exist_ok=True)
    script = f'mount -t tmpfs -o {options} tmpfs "$0" && exec "$@"'
    line = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(folder)]
    line += [sys.executable, "-c", TELL.format(act=act.strip()), str(folder), *arguments]
    ended = subprocess.run(line, check=False, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 0, ended.stderr
    assert "should not have happened" not in ended.stdout
    return ended.stdout.splitlines()


def test_no_room_for_an_iso(tmp_path: Path) -> None:
    told, left = within("size=20m", tmp_path / "small", ISO)
    assert told.startswith(f"cannot write {tmp_path}/small/out/a.iso | No space left on device; ")
    assert "of free space was too little" in told
    assert f"make room in {tmp_path}/small/out" in told
    assert left == "initrd kernel"


def test_no_room_for_a_download(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/live.iso"
        told, left = within("size=5m", tmp_path / "small", DOWNLOAD, url)
        server.shutdown()
    assert told.startswith(f"cannot write {tmp_path}/small/a.iso | ")
    assert "make room" in told
    assert left == ""


def test_no_room_for_a_copy_of_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "recipe").mkdir()
    (tmp_path / "recipe" / "large").write_bytes(bytes(3 << 20))
    told, _ = within("size=1m", tmp_path / "small", BUILD, str(tmp_path / "recipe"))
    assert told.startswith(f"cannot write {tmp_path}/small/copy/large | ")
    assert "make room" in told


@pytest.mark.parametrize("act", [ISO, DOWNLOAD, PREPARE], ids=["iso", "download", "prepare"])
def test_a_file_system_that_can_only_be_read(tmp_path: Path, act: str) -> None:
    told, left = within("ro", tmp_path / "small", act, "http://127.0.0.1:1/x")
    assert "Read-only file system" in told
    assert "ABCD_RUN_CACHE" in told
    assert left == ""


def test_a_cache_where_nothing_may_be_executed(tmp_path: Path) -> None:
    told, _ = within("noexec", tmp_path / "small", PREPARE)
    assert told.startswith(f"cannot start {tmp_path}/small/prepare | ")
    assert "noexec" in told
    assert "ABCD_RUN_CACHE" in told


class Endless(BaseHTTPRequestHandler):
    """Send a file without announcing its length."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1 << 20))
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Say nothing."""
