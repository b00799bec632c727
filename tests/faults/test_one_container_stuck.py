"""One container does not answer, as when its shim hangs: it does not hide the others."""

import subprocess
import time

import psutil
import pytest

from abcd_run.model import SILENT
from abcd_run.testing.cli import abcd_run, launch
from tests.engines_here import need
from tests.waiting import until

WITHIN = 6.0
STUCK_SECONDS = 1.0


def _shim(container: str) -> psutil.Process:
    """Return the process between Docker's daemon and a container."""
    for one in psutil.process_iter(["cmdline"]):
        words = one.info["cmdline"] or [""]
        if "containerd-shim" in words[0] and container in words:
            return one
    pytest.fail("no shim of the container is seen")


def _is_stuck(container: str) -> bool:
    line = ["docker", "inspect", container]
    try:
        subprocess.run(line, capture_output=True, timeout=STUCK_SECONDS, check=True)
    except subprocess.TimeoutExpired:
        return True
    return False


def test_docker() -> None:
    """The others are listed in full; the stuck one is listed too, and can be named."""
    need("docker")
    stuck, fine = launch("--on", "docker", "--count", "2", "abcd4demo")
    shim = _shim(stuck["runtime_id"])
    shim.suspend()
    restart = subprocess.Popen(
        ["docker", "restart", "--time=1", stuck["name"]], stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: _is_stuck(stuck["name"]))
        began = time.monotonic()
        told = {one["name"]: one for one in abcd_run("--json", "ps").json["instances"]}
        assert time.monotonic() - began < WITHIN
        assert told[fine["name"]]["endpoints"] == fine["endpoints"]
        assert told[fine["name"]]["stage"] == "ready"
        assert told[stuck["name"]]["stage"] == "running"
        assert SILENT in abcd_run("ps").out
        shown = abcd_run("show", stuck["name"])
        assert shown.status == 0, shown.err
        assert SILENT in shown.out
    finally:
        shim.resume()
        restart.communicate(timeout=60)
        ended = abcd_run("stop", stuck["name"], fine["name"])
    assert ended.status == 0, ended.err
