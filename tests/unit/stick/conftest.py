"""A host whose disks are plain files, and an image that fits on them."""

from pathlib import Path

import pytest

from abcd_run.session import sticks
from tests.unit.conftest import Write
from tests.unit.disk import hybrids
from tests.unit.stick.trees import Tree
from tests.unit.test_artifact_iso import write as write_iso


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Return a host with no disks yet."""
    made = Tree(tmp_path / "tree")
    monkeypatch.setattr(sticks, "PLACES", made.places)
    return made


@pytest.fixture
def iso(home: Path, write: Write) -> Path:
    """Return the ISO of the image `live`: 3 MiB and a bit, with a partition table."""
    path = write_iso(home / "live.iso")
    small = path.read_bytes()
    hybrids.make(home / "hybrid", size=3 * hybrids.MIB + 4096)
    whole = bytearray((home / "hybrid").read_bytes())
    whole[16 * 2048 : len(small)] = small[16 * 2048 :]
    path.write_bytes(whole)
    write("live", f'[abcdik]\niso = "{path}"\n')
    return path
