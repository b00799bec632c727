"""Helpers for the desktop's tests: pictures, pages and commands inside."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page

from abcd_run.testing.cli import abcd_run
from tests.engines_here import is_named
from tests.waiting import until

Document = dict[str, Any]
IMAGE = "abcd4demo-desktop"
RUNTIMES = tuple(filter(is_named, ("podman", "docker", "lxd", "libvirt")))
"""The runtimes to test the desktop on: all four, or those that are named."""

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip

Size = tuple[int, int]

BUILD_SECONDS = 1500
READY_SECONDS = 600
SLOW = pytest.mark.timeout(BUILD_SECONDS + READY_SECONDS + 300)
"""The first test waits for all desktops."""

USER = "abcd"
FIRST: Size = (1280, 800)
DISPLAY = ". /run/abcd/session/environment; "
CLOCK = 60
"""Pixels at the right end of the panel with the clock, which changes."""

PANEL = 40
SMALL: Size = (160, 100)
ALIKE = 0.05
NEAR = 24
"""How much a colour may differ, out of 255, before a person would notice."""


def url(instance: Document, service: str = "desktop") -> str:
    """Return the address of a service of an instance."""
    return next(str(one["url"]) for one in instance["endpoints"] if one["service"] == service)


def inside(instance: Document, script: str) -> str:
    """Return the output of a shell script that runs inside as the person."""
    ended = abcd_run("exec", instance["name"], "--", "sh", "-c", script)
    assert ended.status == 0, ended.err
    return ended.out


def mode(instance: Document) -> Size:
    """Return the size of the screen inside, according to X."""
    said = inside(instance, DISPLAY + "xrandr --current")
    match = re.search(r"current (\d+) x (\d+)", said)
    assert match, said
    return int(match[1]), int(match[2])


def picture(instance: Document, file: Path) -> Image.Image:
    """Return the picture from `abcd-run screenshot`, kept in a file."""
    ended = abcd_run("screenshot", instance["name"], "--output", str(file))
    assert ended.status == 0, ended.err
    return Image.open(file).convert("RGB")


def colours(image: Image.Image) -> int:
    """Return the number of colours in a scaled-down picture."""
    counted = image.resize((320, 200)).getcolors(maxcolors=320 * 200)
    return len(counted or ())


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the fraction of two equally large pictures in which a person sees a difference."""
    return _different(_without_clock(one), _without_clock(other))


def alike(one: Image.Image, other: Image.Image) -> bool:
    """Say whether two pictures look alike from afar: xpra's client is a pixel off."""
    small = [_without_clock(image).resize(SMALL, Image.Resampling.BOX) for image in (one, other)]
    return _different(small[0], small[1]) < ALIKE


def _without_clock(image: Image.Image) -> Image.Image:
    width, height = image.size
    copy = image.copy()
    copy.paste((0, 0, 0), (width - CLOCK, height - PANEL, width, height))
    return copy


def _different(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    red, green, blue = ImageChops.difference(one, other).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return sum(most.histogram()[NEAR:]) / (one.width * one.height)


@contextmanager
def page(
    browser: Browser, instance: Document, size: Size = FIRST, *, locale: str | None = None
) -> Iterator[Page]:
    """Open a container's desktop in a window of a given size, and wait for its first frame."""
    context = browser.new_context(
        locale=locale,
        viewport={"width": size[0], "height": size[1]},
        http_credentials={"username": USER, "password": instance["password"]},
    )
    opened = context.new_page()
    opened.goto(url(instance))
    opened.wait_for_selector("canvas")
    until(lambda: colours(shot(opened)) > 100, within=30)
    yield opened
    context.close()


def shot(opened: Page, file: Path | None = None) -> Image.Image:
    """Return what the browser shows."""
    data = opened.screenshot(path=file) if file else opened.screenshot()
    return Image.open(BytesIO(data)).convert("RGB")
