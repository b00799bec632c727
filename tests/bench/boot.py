"""Boot until the page answers: ours through libvirt against plain QEMU with the same devices.

Both sides wait for the page, start the same ISO and are emulated; plain
QEMU starts its boot menu from a CD, as a person would do it.
"""

import http.client
import json
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from abcd_run.artifact import live_iso
from abcd_run.backend import vm_seed
from abcd_run.images.catalogue import Catalogue
from abcd_run.model import Plan
from abcd_run.plan import image_word, planner
from abcd_run.plan.request import Request
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from tests.bench.measure import Row, Side, compare

IMAGE = "abcd4demo"


def rows(runs: int, scratch: Path) -> Iterator[Row]:
    """Yield each row as soon as it is measured."""
    request = Request(IMAGE, on=("libvirt",), name="bench-boot")
    with Fleet(Registry.installed()) as fleet:
        (plan,) = planner.plan(request, image_word.resolve(request, Catalogue.usual()), fleet).plans
    medium = live_iso.artifact(plan, say=lambda _: None).path
    assert medium is not None
    seed = scratch / "seed.iso"
    vm_seed.write_seed(replace(plan, name="bench-plain"), seed)
    cd = plain(plan, medium, seed)
    yield compare("boot menu, from CD", ours("boot=menu"), cd, runs=runs)
    yield compare("direct boot against the menu", ours("boot=direct"), cd, runs=runs)


def ours(option: str) -> Side:
    """Our command, which itself waits for the page."""
    words = ["abcd-run", "-q", "--json", "--on", "libvirt", "--set", "on.libvirt.accel=tcg"]
    words += ["--set", f"on.libvirt.{option}", IMAGE]
    launched: list[str] = []

    def run() -> None:
        ended = subprocess.run(words, check=True, capture_output=True)
        launched[:] = [one["name"] for one in json.loads(ended.stdout)["instances"]]

    def after() -> None:
        subprocess.run(["abcd-run", "-q", "stop", *launched], check=True)

    return Side(f"abcd-run --on libvirt, {option}", run, after)


def plain(plan: Plan, medium: Path, seed: Path) -> Side:
    """Plain QEMU, until the page answers."""
    started: list[subprocess.Popen[bytes]] = []

    def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as trial:
            port = trial.getsockname()[1]
        started[:] = [subprocess.Popen(line(plan, medium, seed, port))]
        while not _answers(f"http://127.0.0.1:{port}/", plan):
            time.sleep(0.05)

    def after() -> None:
        for one in started:
            one.terminate()
            one.wait()

    return Side("qemu-system-x86_64 -cdrom", run, after)


def line(plan: Plan, medium: Path, seed: Path, port: int) -> Sequence[str]:
    """Return a QEMU command line with the same devices as our machines."""
    screen = seed.with_name("spice.sock")
    return [
        "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-cpu", "Nehalem",
        "-m", f"{(plan.resources.memory or 0) >> 20}M", "-nodefaults", "-no-hpet",
        "-cdrom", str(medium),
        "-drive", f"file={seed},format=raw,media=cdrom,readonly=on",
        "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:8080",
        "-device", "virtio-net-pci,netdev=n,romfile=",
        "-serial", f"file:{seed.with_name('console.log')}",
        "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
        "-device", "qxl-vga", "-device", "virtio-tablet-pci",
        "-spice", f"unix=on,addr={screen},disable-ticketing=on",
    ]  # fmt: skip


def _answers(url: str, plan: Plan) -> bool:
    """Check once, for half a second: QEMU's forward accepts before anything listens inside."""
    token = b64encode(f"{plan.seed.user}:{plan.seed.password}".encode()).decode()
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=0.5)
    try:
        connection.request("GET", "/", headers={"Authorization": f"Basic {token}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
