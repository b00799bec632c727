"""Walls over the engines at hand, and the viewers that they start."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

from abcd_run.concurrency.threads import Lanes
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.report import for_people
from abcd_run.wall import instances
from abcd_run.wall.server import Wall
from tests.unit.wall.browser import Browser, Serve


@pytest.fixture
def serve(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serve walls over the engines at hand; answers stay fresh for `fresh` seconds."""
    with ExitStack() as stack:

        def start(*, fresh: float = 60.0) -> Browser:
            monkeypatch.setattr(instances, "FRESH_SECONDS", fresh)
            fleet = stack.enter_context(Fleet(Registry.installed(), Lanes().start))
            wall = stack.enter_context(Wall(instances.Seen(fleet), complain=for_people.print_error))
            thread = Thread(target=wall.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(wall.shutdown)
            return Browser(wall)

        yield start


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the viewers that are started; every program is installed, and there is a display."""
    lines: list[list[str]] = []
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "Popen", lambda line, **_: lines.append(line))
    monkeypatch.setenv("DISPLAY", ":0")
    return lines
