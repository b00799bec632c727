"""The cluster that tests without one of their own have: simulated, of any size."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulated_cluster import Simulated, simulated


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    """A simulated cluster, which is the kubeconfig's."""
    with simulated() as cluster:
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(cluster.kubeconfig()))
        monkeypatch.setenv("KUBECONFIG", str(path))
        yield cluster
