"""Locks as another system has them: another process holds one, and is killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from abcd_run.host import locks, scratch
from tests.elsewhere.plugin import SYSTEM

HOLDS = """
import sys
from filelock import FileLock
lock = FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(SYSTEM != "win32", reason="macOS locks as Linux does")


@contextmanager
def held(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold a lock's file."""
    line = [sys.executable, "-c", HOLDS, str(file)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        try:
            yield other
        finally:
            other.kill()


def test_what_another_process_holds_is_left_to_it(tmp_path: Path) -> None:
    with scratch.held(tmp_path, "build-") as folder:
        pass
    folder.mkdir()
    with held(tmp_path / f".{folder.name}.lock"):
        assert locks.is_claimed(folder)
        assert locks.claimed(folder) is None
        scratch.discard_abandoned(tmp_path, "build-")
        assert folder.is_dir()
    assert not locks.is_claimed(folder)
    scratch.discard_abandoned(tmp_path, "build-")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_file(tmp_path: Path) -> None:
    file = tmp_path / "private" / "x.lock"
    with locks.locked(file) as ours:
        assert ours
        with locks.locked(file, wait=False) as again:
            assert not again
    with held(file), locks.locked(file, wait=False) as ours:
        assert not ours
    with locks.locked(file, wait=False) as ours:
        assert ours
