"""After `stop --all` nothing of abcd-run is left on the host."""

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from abcd_run.host import xdg
from abcd_run.testing.cli import PROGRAM, abcd_run
from abcd_run_podman.service import END_SECONDS
from tests.engines_here import need, need_nothing_running
from tests.running import runs_with
from tests.waiting import until


@pytest.fixture(scope="module", autouse=True)
def podman() -> None:
    """Have Podman."""
    need("podman")


def _podman(*arguments: str) -> list[str]:
    ended = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=True)
    return ended.stdout.split()


def _ours(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("abcd-run*")}


def test_stop_all_leaves_nothing() -> None:
    """No container, volume, network, service process or temporary file."""
    need_nothing_running()
    folders = [xdg.runtime_dir() or Path("/tmp"), Path("/tmp")]
    before = [_ours(folder) for folder in folders]
    volumes, networks = _podman("volume", "ls", "-q"), _podman("network", "ls", "-q")
    ended = abcd_run("--json", "--on", "podman", "--count", "2", "abcd4demo")
    assert ended.status == 0, ended.err
    stopped = abcd_run("stop", "--all")
    assert stopped.status == 0, stopped.err

    assert abcd_run("ps", "--json").json["instances"] == []
    assert _podman("ps", "-aq", "--filter", "label=abcd-run.version") == []
    assert _podman("volume", "ls", "-q") == volumes
    assert _podman("network", "ls", "-q") == networks
    assert [_ours(folder) for folder in folders] == before
    assert not list((xdg.cache() / "build").glob("build-*"))
    assert not runs_with("abcd-run-podman")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_service_outlives_its_launch(how: signal.Signals) -> None:
    """Nothing is left even if the launch ends while it is still probing."""
    with subprocess.Popen(
        [PROGRAM, "--on", "podman", "abcd4demo"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            until(lambda: bool(_sockets(process.pid)))
        finally:
            process.send_signal(how)
    until(lambda: not _sockets(process.pid) and not runs_with(f"abcd-run-podman-{process.pid}"))


def _sockets(pid: int) -> list[Path]:
    """Return the socket of a launch's service: in the session's folder, or in one of its own."""
    session = xdg.runtime_dir()
    sockets = (
        session.glob("abcd-run-podman-*") if session else Path("/tmp").glob("abcd-run-*/*.sock")
    )
    return [path for path in sockets if path.name.startswith(f"abcd-run-podman-{pid}-")]


@pytest.mark.parametrize("_again", range(6))
def test_the_first_podman_since_login(
    _again: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Podman ends differently half of the time; nothing waits for it, and it is not left."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # a socket's path must be short
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    try:
        began = time.monotonic()
        ended = abcd_run("ps", "--on", "podman")
        assert ended.status == 0, ended.err
        assert time.monotonic() - began < END_SECONDS / 2
        assert not runs_with(f"{folder}/abcd-run-podman")
    finally:
        _podman("system", "migrate")  # ends the process that keeps the user's namespace
        shutil.rmtree(folder)
