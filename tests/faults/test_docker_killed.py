"""The Docker daemon is killed during a launch: the other runtimes' instances become ready."""

import os
import signal
import subprocess
import time
from contextlib import suppress

from abcd_run.testing import documents
from abcd_run.testing.cli import PROGRAM, abcd_run, http_status
from tests.engines_here import need
from tests.faults import own


def test_the_others_become_ready() -> None:
    """Podman's instances are ready, Docker's error is clear, and `ps` soon reports it as down."""
    need("podman", "docker")
    with own.docker() as engine:
        _killed_in_mid_launch(engine)


def _killed_in_mid_launch(engine: own.Engine) -> None:
    launch = subprocess.Popen(
        [PROGRAM, "--json", "--on", "podman,docker", "--count", "2", "abcd4demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert launch.stderr is not None
    for line in launch.stderr:
        if "docker" in line and line.rstrip().endswith("fetched"):
            for pid in engine.pids():
                with suppress(ProcessLookupError):  # it has ended with another of them
                    os.kill(pid, signal.SIGKILL)
            break
    out, err = launch.communicate(timeout=120)
    document = documents.read(["--json"], out)
    try:
        assert launch.returncode == 1, err
        ready = [one for one in document["instances"] if one["stage"] == "ready"]
        assert [one["runtime"] for one in ready] == ["podman", "podman"]
        for one in ready:
            page = one["endpoints"][0]["url"]
            assert http_status(page, user="abcd", password=one["password"])[0] == 200
        assert {error["runtime"] for error in document["errors"]} == {"docker"}
        for error in document["errors"]:
            assert "docker" in error["message"]
            assert error["remedy"]
        assert "Traceback" not in err

        begun = time.monotonic()
        seen = abcd_run("ps")
        assert time.monotonic() - begun < 5
        assert seen.status == 0
        assert "docker" in seen.err
        assert all(one["name"] in seen.out for one in ready)
    finally:
        abcd_run("stop", *(one["name"] for one in document["instances"]))
