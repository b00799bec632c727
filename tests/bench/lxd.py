"""Launch on LXD against its own commands, on an image prepared for them.

The first launch has no image in LXD yet: ours converts it, the native commands import a file
converted beforehand. The second launch reuses the image.
"""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from abcd_run.artifact import lxd_image
from abcd_run.backend import record
from abcd_run.images.catalogue import Catalogue
from abcd_run.plan import image_word, planner
from abcd_run.plan.request import Request
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from tests.bench.cases import IMAGE, PASSWORD, await_page, ours
from tests.bench.measure import Row, Side, compare

NAME, ALIAS = "bench-native", "bench-native"


def rows(runs: int, scratch: Path) -> Iterator[Row]:
    """Yield each row as soon as it is measured."""
    file = scratch / "image.lxd.tar"
    _run("abcd-run", "-q", "artifact", IMAGE, "--to", "lxd", "-o", str(file))
    made = _id()
    yield compare(
        "first launch on lxd, until the page answers",
        _then(ours("lxd", 1), lambda: forget(made)),
        _then(native(lambda: _import(file)), lambda: forget(made)),
        runs=runs,
    )
    _import(file)
    try:
        yield compare(
            "second launch on lxd, until the page answers",
            ours("lxd", 1),
            native(lambda: None),
            runs=runs,
        )
    finally:
        _run("lxc", "image", "alias", "delete", ALIAS)


def native(before: Callable[[], object]) -> Side:
    """LXD's own commands with a proxy device, and the same wait."""

    def run() -> None:
        before()
        with socket.create_server(("127.0.0.1", 0)) as trial:
            port = trial.getsockname()[1]
        _run("lxc", "init", "-q", ALIAS, NAME, "-c", f"environment.ABCD_PASSWORD={PASSWORD}")
        listen, connect = f"listen=tcp:127.0.0.1:{port}", "connect=tcp:127.0.0.1:8080"
        _run("lxc", "config", "device", "add", "-q", NAME, "web", "proxy", listen, connect)
        _run("lxc", "start", "-q", NAME)
        await_page(f"http://127.0.0.1:{port}/")

    return Side("lxc init, device add, start", run, lambda: _run("lxc", "delete", "-qf", NAME))


def forget(made: str) -> None:
    """Remove our image from LXD; the next launch imports it again."""
    listed = subprocess.run(
        ["lxc", "image", "list", "--format", "json"], check=True, capture_output=True
    )
    for image in json.loads(listed.stdout):
        if (image["properties"] or {}).get(record.IMAGE_ID) == made:
            _run("lxc", "image", "delete", image["fingerprint"])


def _id() -> str:
    request = Request(IMAGE, on=("lxd",), name="bench-lxd")
    with Fleet(Registry.installed()) as fleet:
        (plan,) = planner.plan(request, image_word.resolve(request, Catalogue.usual()), fleet).plans
    return lxd_image.planned(plan).id


def _import(file: Path) -> None:
    _run("lxc", "image", "import", "-q", str(file), "--alias", ALIAS)


def _then(side: Side, after: Callable[[], object]) -> Side:
    def both() -> None:
        side.after()
        after()

    return Side(side.name, side.run, both)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
