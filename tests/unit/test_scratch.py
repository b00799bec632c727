"""What a killed process leaves: its folders are removed by the next, its programs end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run import build
from abcd_run.host import parent_death, scratch, xdg
from tests.running import argument_lists, lives
from tests.unit.conftest import Run

HOLD = """
import sys, time
from pathlib import Path
from abcd_run.host import scratch
with scratch.held(Path(sys.argv[1]), "build-") as folder:
    (folder / "large").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""
RUN = """
import sys
from abcd_run.host import programs
programs.run(["sh", "-c", sys.argv[1]], doing="running", say=lambda line: print(line, flush=True))
"""


def begun(code: str, argument: str) -> tuple[subprocess.Popen[str], str]:
    """Start Python and return it with the first line that it says."""
    line = [sys.executable, "-c", code, argument]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, process.stdout.readline().strip()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_held_stays_and_what_is_left_goes(tmp_path: Path) -> None:
    holder, folder = begun(HOLD, str(tmp_path))
    try:
        scratch.discard_abandoned(tmp_path, "build-")
        assert (Path(folder) / "large").exists()
    finally:
        holder.kill()
        holder.communicate()
    assert (Path(folder) / "large").exists()
    with scratch.held(tmp_path, "build-") as mine:
        assert [path.name for path in tmp_path.iterdir()] == [mine.name]
    assert list(tmp_path.iterdir()) == []


def test_only_folders_of_that_name_go(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "build-file").write_text("")
    (tmp_path / "build-link").symlink_to(tmp_path / "other")
    scratch.discard_abandoned(tmp_path, "build-")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build-file", "build-link", "other"]


def test_what_cannot_be_opened_is_held_by_nobody(tmp_path: Path) -> None:
    (tmp_path / "build-file").touch()
    with scratch.held(tmp_path, "build-") as folder:
        (tmp_path / "build-link").symlink_to(folder)
        names = ("build-gone", "build-file", "build-link", folder.name)
        assert [scratch.is_held(tmp_path / name) for name in names] == [False, False, False, True]
    assert not scratch.is_held(folder)


def test_prune_removes_what_builds_have_left(home: Path, run: Run) -> None:
    for folder in (xdg.cache() / "build" / "build-x", xdg.cache() / "iso" / "making-x"):
        folder.mkdir(parents=True)
        (folder / "rootfs.tar").write_text("")
    assert run("prune").status == 0
    for name in ("build", "iso"):
        assert list((xdg.cache() / name).iterdir()) == []


def test_a_build_s_folder_is_held(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scratch.held(build._folder(), build.PREFIX) as folder:
        build.prune()
        assert folder.is_dir()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_launcher_s_programs_end(how: signal.Signals) -> None:
    process, line = begun(RUN, "sleep 4711 & echo $! $$; wait")
    numbers = [int(word) for word in line.removeprefix("running: ").split()]
    assert len(numbers) == 2
    os.kill(process.pid, how)
    process.communicate()
    until(lambda: not any(map(lives, numbers)))


@pytest.mark.slow
def test_one_that_does_not_listen_is_killed() -> None:
    process, line = begun(RUN, "trap '' TERM; echo $$; sleep 4712; sleep 4712")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    until(lambda: not lives(int(line.removeprefix("running: "))))


def test_the_keeper_leaves_with_us(tmp_path: Path) -> None:
    with (
        subprocess.Popen(["sleep", "60"], start_new_session=True) as sleeper,
        parent_death.bound(sleeper.pid),
    ):
        sleeper.kill()
    assert ["abcd-run-keeper", str(sleeper.pid)] not in [words[-2:] for words in argument_lists()]
