"""Thirty readers of a site at once, from one nginx, against the same bytes read from the disk.

A reader takes what a tab takes until its prompt, in the same order: nobody's cache has anything.
"""

import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import Row, Side, compare

READERS = 30
CHUNK = 1 << 20
SETTINGS = """\
daemon off;
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  sendfile on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ text/html html; text/css css; text/javascript js mjs; application/wasm wasm; }}
  server {{ listen 127.0.0.1:{port}; location /labs/one/ {{ alias {site}/; }} }}
}}
"""


def rows(runs: int, site: Path, scratch: Path) -> Iterator[Row]:
    """Yield the row of a made site."""
    paths = taken_by_a_tab(site)
    size = sum((site / path).stat().st_size for path in paths)
    with nginx(site, scratch) as port:
        served = Side("one nginx", lambda: all_at_once(lambda: fetch(port, paths, size)))
        disk = Side("the disk", lambda: all_at_once(lambda: read(site, paths, size)))
        what = f"tab: {READERS} readers at once, {size / 1e6:.1f} MB each"
        yield compare(what, served, disk, runs=runs)


def taken_by_a_tab(site: Path) -> Sequence[str]:
    """Return the paths of the files that a tab takes until its prompt."""
    told = json.loads((site / "machine.json").read_text())
    ours = [f"page/{path.name}" for path in sorted((site / "page").iterdir())]
    others = [f"{path.parent.name}/{path.name}" for path in sorted(site.glob("[vxb]*/*"))]
    return ["index.html", *ours, "machine.json", *others, told["state"]["path"]]


@contextmanager
def nginx(site: Path, scratch: Path) -> Iterator[int]:
    """Serve a site below a path by one process of nginx; yield its port."""
    folder = scratch / "nginx"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port = trial.getsockname()[1]
    settings = folder / "nginx.conf"
    settings.write_text(SETTINGS.format(folder=folder, port=port, site=site))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    words = [program, "-p", str(folder), "-e", "stderr", "-c", str(settings)]
    with subprocess.Popen(words) as process:
        try:
            _await_answer(process, port)
            yield port
        finally:
            process.terminate()


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("nginx does not answer")


def all_at_once(act: Callable[[], None]) -> None:
    """Have all readers do the same at once."""
    with ThreadPoolExecutor(READERS) as pool:
        for one in [pool.submit(act) for _ in range(READERS)]:
            one.result()


def fetch(port: int, paths: Sequence[str], size: int) -> None:
    """Fetch files one after the other, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    got = 0
    for path in paths:
        connection.request("GET", f"/labs/one/{path}")
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        while piece := answer.read(CHUNK):
            got += len(piece)
    connection.close()
    if got != size:
        raise RuntimeError(f"{got} bytes instead of {size}")


def read(site: Path, paths: Sequence[str], size: int) -> None:
    """Read the same files."""
    got = 0
    for path in paths:
        with (site / path).open("rb", buffering=0) as file:
            while piece := file.read(CHUNK):
                got += len(piece)
    if got != size:
        raise RuntimeError(f"{got} bytes instead of {size}")
