"""Thirty readers of a site at once, from one nginx, against as many that read the disk itself.

A reader takes what a tab takes until its prompt, in the same order: nobody's cache has anything,
and the server's host has none of it in memory. Those of the disk go past the host's memory.
"""

import http.client
import json
import mmap
import os
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

    def cold() -> None:
        forget(site, paths)

    with nginx(site, scratch / "nginx") as address:
        served = Side(
            "one nginx", lambda: all_at_once(lambda: fetch(address, paths, size)), before=cold
        )
        disk = Side("the disk", lambda: all_at_once(lambda: read(site, paths, size)))
        what = f"tab: {READERS} readers at once, {size / 1e6:.1f} MB each"
        yield compare(what, served, disk, runs=runs)


def taken_by_a_tab(site: Path) -> Sequence[str]:
    """Return the paths of the files that a tab takes until its prompt."""
    told = json.loads((site / "machine.json").read_text())
    ours = [f"page/{path.name}" for path in sorted((site / "page").iterdir())]
    others = [f"{path.parent.name}/{path.name}" for path in sorted(site.glob("[vxb]*/*"))]
    return ["index.html", *ours, "machine.json", *others, told["state"]["path"]]


def forget(site: Path, paths: Sequence[str]) -> None:
    """Have the system read these files from the disk again; it drops only what is written."""
    for path in paths:
        with (site / path).open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def all_at_once(act: Callable[[], None]) -> None:
    """Have all readers do the same at once."""
    with ThreadPoolExecutor(READERS) as pool:
        for one in [pool.submit(act) for _ in range(READERS)]:
            one.result()


def fetch(address: str, paths: Sequence[str], size: int) -> None:
    """Fetch files one after the other, over one connection."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.netloc, timeout=60)
    got, space = 0, memoryview(bytearray(CHUNK))
    for path in paths:
        connection.request("GET", place.path + path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        while count := answer.readinto(space):
            got += count
    connection.close()
    if got != size:
        raise RuntimeError(f"{got} bytes instead of {size}")


def read(site: Path, paths: Sequence[str], size: int) -> None:
    """Read the same files from the disk, each byte of them."""
    got, space = 0, mmap.mmap(-1, CHUNK)  # at the start of a page, as the disk wants it
    for path in paths:
        file = os.open(site / path, os.O_RDONLY | os.O_DIRECT)
        while count := os.readv(file, [space]):
            got += count
        os.close(file)
    if got != size:
        raise RuntimeError(f"{got} bytes instead of {size}")
