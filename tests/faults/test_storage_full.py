"""An engine's own storage is full: one error says so, and nothing is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run
from tests.engines_here import need
from tests.faults import fresh, own

ROOM = {"podman": "24m", "docker": "24m"}
"""More than an engine's own files need, less than the image."""

PADDING = 32 << 20


@pytest.fixture(params=["podman", "docker"])
def engine(request: pytest.FixtureRequest) -> Iterator[own.Engine]:
    """Return an engine whose storage is a small file system of its own."""
    need(request.param)
    start = {"podman": own.podman, "docker": own.docker}[request.param]
    with start(size=ROOM[request.param]) as engine:
        yield engine


def test_no_room_for_the_image(engine: own.Engine, tmp_path: Path) -> None:
    archive = fresh.archive(tmp_path, padding=PADDING)
    ended = abcd_run("--json", "--on", engine.runtime, str(archive))
    (error,) = ended.json["errors"]
    assert ended.status in {4, 5}, ended.err
    assert "no space left on device" in (error["message"] + error["details"]).lower()
    assert "its storage is full" in error["message"]
    assert f"{engine.runtime} image prune" in error["remedy"]
    assert ended.json["instances"] == []
    assert abcd_run("--json", "ps", "--on", engine.runtime).json["instances"] == []
