"""An image that is a small live ISO, and a folder for what is made of it."""

from pathlib import Path

import pytest

from tests.unit.conftest import Write
from tests.unit.kernel import lives


@pytest.fixture
def lab(home: Path, write: Write) -> Path:
    """Return a folder for artifacts of `live`."""
    lives.make(home / "live.iso")
    write("live", f'[abcdik]\niso = "{home / "live.iso"}"\n[resources]\nmemory = "510MiB"\n')
    (home / "out").mkdir()
    return home / "out"
