"""The demo desktop on every runtime at once, and a real browser to look at it.

All tests in this folder share the same four instances: on two cores a machine without KVM is slow.
Pictures stay in the folder that `ABCD_RUN_ARTIFACTS` names, for people to inspect.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from abcd_run.host import xdg
from abcd_run.testing.cli import abcd_run, launch
from tests.e2e.desktop.looking import (
    BUILD_SECONDS,
    CHROMIUM,
    IMAGE,
    QUIET,
    READY_SECONDS,
    RUNTIMES,
    Document,
)
from tests.engines_here import need


@pytest.fixture(scope="package")
def desktops() -> Iterator[dict[str, Document]]:
    """Return the four desktops by runtime, started and stopped together."""
    need(*RUNTIMES)
    built = abcd_run("pull", "--quiet", "--on", ",".join(RUNTIMES), IMAGE, within=BUILD_SECONDS)
    assert built.status == 0, built.err
    on = ("--on", ",".join(RUNTIMES), "--timeout", str(READY_SECONDS))
    instances = launch(*on, IMAGE, within=READY_SECONDS + 60)
    yield {one["runtime"]: one for one in instances}
    abcd_run("stop", *(one["name"] for one in instances))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return a headless Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def artifacts() -> Path:
    """Return the folder in which pictures are kept for people."""
    folder = Path(os.environ.get("ABCD_RUN_ARTIFACTS") or xdg.cache() / "test-artifacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
