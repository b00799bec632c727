"""Thirty readers of a site at once, from one nginx, against the same bytes read from the disk.

A reader takes what a tab takes until its prompt, in the same order: nobody's cache has anything.
"""

import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.measure import Row, Side, compare
from tests.nginx import nginx

READERS = 30
CHUNK = 1 << 20


def rows(runs: int, site: Path, scratch: Path) -> Iterator[Row]:
    """Yield the row of a made site."""
    paths = taken_by_a_tab(site)
    size = sum((site / path).stat().st_size for path in paths)
    with nginx(site, scratch / "nginx") as address:
        served = Side("one nginx", lambda: all_at_once(lambda: fetch(address, paths, size)))
        disk = Side("the disk", lambda: all_at_once(lambda: read(site, paths, size)))
        what = f"tab: {READERS} readers at once, {size / 1e6:.1f} MB each"
        yield compare(what, served, disk, runs=runs)


def taken_by_a_tab(site: Path) -> Sequence[str]:
    """Return the paths of the files that a tab takes until its prompt."""
    told = json.loads((site / "machine.json").read_text())
    ours = [f"page/{path.name}" for path in sorted((site / "page").iterdir())]
    others = [f"{path.parent.name}/{path.name}" for path in sorted(site.glob("[vxb]*/*"))]
    return ["index.html", *ours, "machine.json", *others, told["state"]["path"]]


def all_at_once(act: Callable[[], None]) -> None:
    """Have all readers do the same at once."""
    with ThreadPoolExecutor(READERS) as pool:
        for one in [pool.submit(act) for _ in range(READERS)]:
            one.result()


def fetch(address: str, paths: Sequence[str], size: int) -> None:
    """Fetch files one after the other, over one connection."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.netloc, timeout=60)
    got = 0
    for path in paths:
        connection.request("GET", place.path + path)
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
