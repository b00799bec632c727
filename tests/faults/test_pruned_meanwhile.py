"""`prune` runs again and again, its clock two hours ahead, while an image is being fetched."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from abcd_run.host import xdg
from abcd_run.oci.model import MANIFEST
from abcd_run.oci.reader import open_image
from abcd_run.testing.cli import PROGRAM
from tests.engines_here import need
from tests.faults import fresh
from tests.waiting import until

AHEAD = """
import sys, time
now = time.time
time.time = lambda: now() + 7200
from abcd_run.__main__ import console
sys.argv = ["abcd-run", *sys.argv[1:]]
console()
"""
PRUNES = 10


class Registry(ThreadingHTTPServer):
    """A registry of one image; the second half of its largest blob waits for `go_on`."""

    daemon_threads = True

    def __init__(self, image: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.blobs = {f"sha256:{one.name}": one for one in image.glob("blobs/sha256/*")}
        index = json.loads((image / "index.json").read_text())
        self.manifest = self.blobs[index["manifests"][0]["digest"]]
        self.slow = max(self.blobs.values(), key=lambda path: path.stat().st_size)
        self.half_way, self.go_on = Event(), Event()


class Answer(BaseHTTPRequestHandler):
    """A registry's answers, as far as skopeo needs them."""

    server: Registry

    def do_GET(self) -> None:
        kind, name = self.path.split("/")[-2:]
        if kind == "manifests":
            self._send(self.server.manifest, MANIFEST)
        elif name in self.server.blobs:
            self._send(self.server.blobs[name], "application/octet-stream")
        else:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _send(self, path: Path, kind: str) -> None:
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if path == self.server.slow:
            self.wfile.write(content[: len(content) // 2])
            self.server.half_way.set()
            self.server.go_on.wait(100)
            content = content[len(content) // 2 :]
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _registry(image: Path, conf: Path) -> Iterator[Registry]:
    with Registry(image) as server:
        host = f"127.0.0.1:{server.server_port}"
        conf.write_text(f'[[registry]]\nlocation = "{host}"\ninsecure = true\n')
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _pruned() -> None:
    line = [sys.executable, "-c", AHEAD, "prune", "--on", "podman"]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_what_is_being_fetched_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetch succeeds, and what nothing holds any more is removed."""
    need("podman")  # as what `prune` asks
    monkeypatch.setenv("ABCD_RUN_CACHE", str(tmp_path / "cache"))
    settings = tmp_path / ".config" / "containers" / "registries.conf"
    settings.parent.mkdir(parents=True)
    image, out = fresh.image(tmp_path / "image", padding=4 << 20), tmp_path / "out.oci.tar"
    with _registry(image, settings) as registry:
        reference = f"127.0.0.1:{registry.server_port}/it:1"
        line = [PROGRAM, "artifact", reference, "--to", "oci", "-o", str(out)]
        home = {**os.environ, "HOME": str(tmp_path)}  # where skopeo looks for its settings
        with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=home) as fetch:
            try:
                until(lambda: registry.half_way.is_set() or fetch.poll() is not None)
                assert fetch.poll() is None, fetch.communicate()[1]
                abandoned = xdg.store() / ".part-1-abandoned"
                abandoned.mkdir()
                for _ in range(PRUNES):
                    _pruned()
                assert fetch.poll() is None
                registry.go_on.set()
                _, err = fetch.communicate(timeout=60)
            finally:
                fetch.kill()
    assert fetch.returncode == 0, err
    assert open_image(out).digest == open_image(image).digest
    _pruned()
    assert not abandoned.exists()
