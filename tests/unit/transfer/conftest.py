"""What tests of copies share: an instance whose home is the test's own."""

from pathlib import Path

import pytest

from abcd_run.testing.fake import FakeEngine
from tests.unit.conftest import Run

NAME = "web-fake-1"


@pytest.fixture
def inside(
    home: Path, engine: FakeEngine, web: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The home inside a running instance, whose programs are this host's."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert run("-q", "web").status == 0
    return home
