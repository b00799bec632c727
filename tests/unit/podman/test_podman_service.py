"""The service that is started for Podman's API: none is left, however it behaves."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abcd_run import places
from abcd_run_podman import service as module
from abcd_run_podman.service import Service

# Two processes, as Podman is: the second has the socket, the first ends without a word to it.
PODMAN = """#!/bin/sh
trap 'exit 0' TERM
/usr/bin/env python3 - "${{4#unix://}}" <<'END' &
import signal, socket, sys
def end(*_):
    open("{folder}/ended", "w").close()
    sys.exit()
signal.signal(signal.SIGTERM, {answer})
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
open("{folder}/pid", "w").write(str(__import__("os").getpid()))
listening.listen()
while True:
    signal.pause()
END
wait
"""

Begin = Callable[[str], Service]


@pytest.fixture(params=["dash", "bash", "busybox"])
def begin(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Begin]:
    """Return what begins a service whose second process answers SIGTERM in some way."""
    begun = []
    for variable in ("CONTAINER_HOST", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    shell = shutil.which(request.param)
    if shell is None:
        pytest.skip(f"{request.param} is not installed")
    (tmp_path / "sh").symlink_to(shell)

    def start(answer: str) -> Service:
        program = tmp_path / "podman"
        program.write_text(PODMAN.format(folder=tmp_path, answer=answer))
        program.chmod(0o755)
        begun.append(Service.begin())
        begun[0].ready()
        return begun[0]

    yield start
    begun[0].close()


def await_end(pid: int) -> None:
    """Return when a process has ended, which it may have said already."""
    deadline = time.monotonic() + 10
    while runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_both_processes_are_told_to_end(begin: Begin, tmp_path: Path) -> None:
    service = begin("end")
    service.close()
    assert (tmp_path / "ended").exists()
    await_end(int((tmp_path / "pid").read_text()))


def test_what_does_not_end_is_ended(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "END_SECONDS", 0.3)
    service = begin("signal.SIG_IGN")
    service.close()
    await_end(int((tmp_path / "pid").read_text()))
    assert not list(tmp_path.glob("*.sock"))


def test_where_all_may_write_the_socket_is_in_a_folder_of_ones_own(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else may listen in its place; the folder goes with it."""
    monkeypatch.setattr(places, "runtime_dir", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    service = begin("end")
    (folder,) = tmp_path.glob("abcd-run-*")
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU
    assert [path.suffix for path in folder.iterdir()] == [".sock"]
    assert service.url.startswith(f"unix://{folder}/")
    service.close()
    assert not folder.exists()
