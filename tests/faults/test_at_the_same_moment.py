"""Ten launches of a new image at once: it is fetched only once, and all of them use it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from abcd_run.testing import documents
from abcd_run.testing.cli import abcd_run
from tests.engines_here import need
from tests.faults import fresh
from tests.faults.hook import CHECKOUT

COUNT = 10
BRINGS = {
    "podman": ("abcd_run.oci.archive", "stream_archive"),
    "docker": ("abcd_run.oci.archive", "stream_archive"),
    "lxd": ("abcd_run_lxd.images", "_imported"),
    "libvirt": ("abcd_run.iso.build", "_assemble"),
}
"""The function that loads an image into an engine, or makes it."""


def _launched(engine: str, image: str, calls: Path) -> list[dict[str, Any]]:
    """Launch ten times at once, each in its own process; return what each printed."""
    counted = [sys.executable, "-m", "tests.faults.counted", str(calls), *BRINGS[engine]]
    words = ["--json", "--quiet", "--no-wait", "--on", engine, image]
    line = [*counted, *words]
    launches = [subprocess.Popen(line, stdout=subprocess.PIPE, cwd=CHECKOUT) for _ in range(COUNT)]
    return [documents.read(words, launch.communicate(timeout=240)[0]) for launch in launches]


@pytest.mark.parametrize(
    "engine",
    # Docker gets an image the way that Podman does.
    [pytest.param(name, marks=pytest.mark.soak if name == "docker" else ()) for name in BRINGS],
)
def test_first_launches(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All run under their own names, and the image was loaded once."""
    need(engine)
    monkeypatch.setenv("ABCD_RUN_CACHE", str(tmp_path / "cache"))
    image = "abcd4demo" if engine == "libvirt" else str(fresh.archive(tmp_path))
    printed = _launched(engine, image, tmp_path / "calls")
    instances = [one for document in printed for one in document["instances"]]
    names = {one["name"] for one in instances}
    try:
        assert [document["errors"] for document in printed] == [[]] * COUNT
        assert len(names) == COUNT
        assert len({one["runtime_id"] for one in instances}) == COUNT
        assert (tmp_path / "calls").read_text().split() == [BRINGS[engine][1]]
    finally:
        ended = abcd_run("stop", *names)
    assert ended.status == 0, ended.err
    left = abcd_run("--json", "ps", "--on", engine).json["instances"]
    assert names.isdisjoint(one["name"] for one in left)
