"""Other users of the host never see the password or variables of an LXD instance."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from abcd_run.testing.cli import abcd_run, launch
from abcd_run_lxd import service
from tests.engines_here import need

NAME = "arguments-of-lxd"
SECRET = "nobody-else-shall-read-this"
LOOK_SECONDS = 0.003

# Lasts until the poller has surely seen what LXD runs for it.
PICTURE = "sleep 0.2; printf '\\211PNG\\r\\n\\032\\n'"


@pytest.fixture(scope="module", autouse=True)
def lxd() -> None:
    """Have LXD."""
    need("lxd")


class Seen:
    """All argument lists over a time, as anybody can read them in /proc."""

    def __init__(self) -> None:
        self.lists: set[bytes] = set()
        self._ended = Event()
        self._thread = Thread(target=self._look)

    def _look(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.lists.add(file.read_bytes())
                except OSError:
                    continue

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look while something happens."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()

    def having(self, text: str) -> list[bytes]:
        """Return the lists that contain a text."""
        return [one for one in self.lists if text.encode() in one]


def test_no_argument_list_has_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither shows while it is launched, used, listed and stopped; inside, both are set."""
    monkeypatch.setenv("TEST_TOKEN", SECRET)
    screen = f"screen.command={json.dumps(['sh', '-c', PICTURE])}"
    options = ("--on", "lxd", "--name", NAME, "--env", "TEST_TOKEN", "--set", screen)
    seen = Seen()
    with seen.looking():
        (instance,) = launch(*options, "abcd4demo")
        try:
            inside = abcd_run("exec", NAME, "--", "sh", "-c", "sleep 0.2; env")
            first = abcd_run("exec", "--user", "root", NAME, "--", "cat", "/proc/1/environ")
            picture = abcd_run("screenshot", NAME, "-o", str(tmp_path / "screen.png"))
            shown = abcd_run("show", "--json", NAME)
        finally:
            stopped = abcd_run("stop", NAME)
    assert (picture.status, stopped.status) == (0, 0), picture.err + stopped.err
    for printed in (inside.out.splitlines(), first.out.split("\0")):
        assert f"TEST_TOKEN={SECRET}" in printed
        assert f"ABCD_PASSWORD={instance['password']}" in printed
    assert instance["password"] in shown.out

    # What LXD runs for commands inside was seen, and for the picture.
    assert len(seen.having("forkexec")) >= 2
    assert seen.having(instance["password"]) == []
    assert seen.having(SECRET) == []


def _lxc(*arguments: str) -> list[str]:
    line = ["lxc", "--force-local", *arguments]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.split()


@pytest.fixture
def restricted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have what LXD's per-user socket provides: a restricted project."""
    project = f"user-{os.getuid()}"
    (tmp_path / "unix.socket.user").symlink_to(service.present().socket)
    _lxc("project", "create", project, "-c", "restricted=true")
    try:
        with monkeypatch.context() as its:
            its.setenv("LXD_DIR", str(tmp_path))
            yield
    finally:
        for image in _lxc("image", "list", "--project", project, "--format", "csv", "-c", "f"):
            _lxc("image", "delete", "--project", project, image)
        _lxc("project", "delete", project)


@pytest.mark.usefixtures("restricted")
def test_no_argument_list_has_a_secret_where_lxd_forbids_low_level_lines() -> None:
    """The seed is then written as a file; what cannot be is refused."""
    seen = Seen()
    with seen.looking():
        (instance,) = launch("--on", "lxd", "--name", NAME, "abcd4demo")
        try:
            seed = abcd_run("exec", "--user", "root", NAME, "--", "cat", "/run/abcd/seed")
            abcd_run("exec", NAME, "--", "sleep", "0.2")
        finally:
            stopped = abcd_run("stop", NAME)
    assert stopped.status == 0, stopped.err
    assert instance["stage"] == "ready"
    assert instance["password"] in seed.out
    assert seen.having("forkexec")
    assert seen.having(instance["password"]) == []
    ended = abcd_run("--on", "lxd", "--name", NAME, "--env", f"A={SECRET}", "abcd4demo")
    assert ended.status == 5
    assert "restricted.containers.lowlevel=allow" in ended.err
