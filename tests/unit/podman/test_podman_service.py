"""The service started for Podman's API: none is left behind, however it behaves."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abcd_run.errors import NoRuntime
from abcd_run.host import xdg
from abcd_run_podman import service as module
from abcd_run_podman.service import Service
from tests.running import lives
from tests.waiting import until

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


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a short name: a socket's path must be short."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(params=["dash", "bash", "busybox"])
def begin(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Begin]:
    """Return a function that starts a service with a given reaction to SIGTERM."""
    begun = []
    for variable in ("CONTAINER_HOST", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr("abcd_run_podman.store.prepare", lambda: None)
    shell = shutil.which(request.param)
    if shell is None:
        pytest.skip(f"{request.param} is not installed")
    (folder / "sh").symlink_to(shell)

    def start(answer: str) -> Service:
        program = folder / "podman"
        program.write_text(PODMAN.format(folder=folder, answer=answer))
        program.chmod(0o755)
        begun.append(Service.begin())
        begun[0].ready()
        return begun[0]

    yield start
    begun[0].close()


def runs(recorded: Path) -> bool:
    """Say whether the process whose id is in a file is running."""
    return lives(int(recorded.read_text()))


def test_one_process_may_have_two(begin: Begin) -> None:
    """Like two sessions of a program: the end of one does not end the other."""
    first = begin("end")
    second = Service.begin()
    second.ready()
    assert second.socket != first.socket
    second.close()
    assert not second.socket.exists()
    assert first.socket.exists()


def test_a_service_that_does_not_start_can_be_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("CONTAINER_HOST", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    (folder / "podman").write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    (folder / "podman").chmod(0o755)
    service = Service.begin()
    for _ in range(2):
        with pytest.raises(NoRuntime, match="did not start"):
            service.ready()
    service.close()


def test_both_processes_are_told_to_end(begin: Begin, folder: Path) -> None:
    service = begin("end")
    service.close()
    assert (folder / "ended").exists()
    until(lambda: not runs(folder / "pid"))


def test_what_does_not_end_is_ended(
    begin: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "END_SECONDS", 0.3)
    service = begin("signal.SIG_IGN")
    service.close()
    until(lambda: not runs(folder / "pid"))
    assert not list(folder.glob("*.sock"))


DEAF = """#!/bin/sh
exec python3 -c '
import signal
def end(*_):
    raise SystemExit
signal.signal(signal.SIGTERM, lambda *_: signal.signal(signal.SIGTERM, end))
open("{folder}/deaf", "w").close()
while True:
    signal.pause()
'
"""


def test_what_misses_the_first_signal_gets_another(begin: Begin, folder: Path) -> None:
    """Podman sometimes does while it starts, when nothing is left to watch it."""
    begin("end").close()
    (folder / "podman").write_text(DEAF.format(folder=folder))
    service = Service.begin()
    assert service.process
    until((folder / "deaf").exists)
    service.process.communicate(timeout=8)
    assert not list(folder.glob("*.sock"))


def test_where_all_may_write_the_socket_is_in_a_folder_of_ones_own(
    begin: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else can listen in its place; the folder is removed with it."""
    monkeypatch.setattr(xdg, "runtime_dir", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    service = begin("end")
    (own,) = folder.glob("abcd-run-*")
    assert stat.S_IMODE(own.stat().st_mode) == stat.S_IRWXU
    assert [path.suffix for path in own.iterdir()] == [".sock"]
    assert service.url.startswith(f"unix://{own}/")
    service.close()
    assert not own.exists()


def test_a_path_too_long_for_a_socket(
    begin: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = folder / ("x" * 100)
    long.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    with pytest.raises(NoRuntime, match="service did not start"):
        begin("end")
