"""The demo desktop in a machine, as in a person's viewer: shown, typed into, resized."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from abcd_run.testing.cli import abcd_run, launch
from tests.e2e.desktop import vnc_viewer
from tests.e2e.desktop.looking import (
    DISPLAY,
    FIRST,
    IMAGE,
    READY_SECONDS,
    RUNTIMES,
    SLOW,
    USER,
    Document,
    Size,
    colours,
    inside,
    mode,
    picture,
    url,
)
from tests.waiting import until

pytestmark = SLOW

SYSTEM_PYTHON = "/usr/bin/python3"
"""The only Python for which Debian has SPICE bindings."""

VIEWER = Path(__file__).with_name("spice_viewer.py")
TERMINAL = (300, 560)
SMALLER = (1000, 700)
ODD = (1111, 777)
FOLLOWS = 20.0
"""Seconds within which the screen has the size of the viewer's window, on an emulated processor."""


@pytest.fixture
def machine(desktops: dict[str, Document]) -> Document:
    if "libvirt" not in desktops:
        pytest.skip("libvirt is not among ABCD_RUN_ENGINES")
    return desktops["libvirt"]


class Viewer:
    """A running spice_viewer, which executes one line after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def do(self, line: str) -> None:
        """Execute a line, and return when it is done at this end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(line, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == f"{line}\n"


@contextmanager
def spice(machine: Document) -> Iterator[Viewer]:
    """Open a viewer on a machine's screen."""
    line = [SYSTEM_PYTHON, str(VIEWER), socket_of(machine)]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Viewer(process)
        finally:
            process.terminate()


def socket_of(machine: Document) -> str:
    """Return the path of the socket on which a machine's screen is shown."""
    return urlsplit(url(machine, "screen")).path


def await_size(machine: Document, size: Size) -> None:
    """Return as soon as X inside has a size."""
    until(lambda: mode(machine) == size, within=FOLLOWS)


def test_the_desktop_is_on_the_screen(machine: Document, tmp_path: Path) -> None:
    image = picture(machine, tmp_path / "screen.png")
    assert image.size == FIRST
    assert mode(machine) == FIRST
    assert colours(image) > 100


def test_nobodys_session_is_roots(machine: Document) -> None:
    """All programs on the screen run as the person, except X itself and the agent's daemon."""
    until(lambda: "spice-vdagent" in owners(machine), within=FOLLOWS)
    users = owners(machine)
    for program in ("icewm", "xterm", "spice-vdagent"):
        assert users[program] == USER, users
    assert users["Xorg"] == "root"


def owners(machine: Document) -> dict[str, str]:
    """Return the owners of the programs that run inside, by program name."""
    lines = inside(machine, "ps -o user,comm").splitlines()
    return {program: user for user, program in (line.split(maxsplit=1) for line in lines)}


def test_only_the_person_may_draw(machine: Document) -> None:
    """X admits clients with its cookie, and only the person has it."""
    assert inside(machine, DISPLAY + "stat -c '%U %a' $XAUTHORITY") == f"{USER} 600\n"
    ended = abcd_run(
        "exec", machine["name"], "--", "sh", "-c",
        DISPLAY + "XAUTHORITY=/dev/null xrandr",
    )  # fmt: skip
    assert ended.status != 0
    assert "open display" in ended.err


def test_mouse_and_keyboard_arrive(machine: Document) -> None:
    with spice(machine) as viewer:
        viewer.do("click {} {}".format(*TERMINAL))
        viewer.do("type mkdir /tmp/typed")
        until(lambda: inside(machine, "ls /tmp").split().count("typed") == 1, within=FOLLOWS)


def test_the_screen_follows_the_window(machine: Document, tmp_path: Path) -> None:
    with spice(machine) as viewer:
        for size in (SMALLER, ODD, FIRST):
            viewer.do("size {} {}".format(*size))
            await_size(machine, size)
            assert picture(machine, tmp_path / "screen.png").size == size


def test_a_size_set_inside_is_seen_outside(machine: Document, tmp_path: Path) -> None:
    inside(machine, DISPLAY + "xrandr --size 1024x768")
    until(lambda: picture(machine, tmp_path / "screen.png").size == (1024, 768), within=FOLLOWS)


@pytest.fixture
def shown_by_vnc() -> Iterator[Document]:
    if "libvirt" not in RUNTIMES:
        pytest.skip("libvirt is not among ABCD_RUN_ENGINES")
    line = ("--on", "libvirt", "--set", "display=vnc", "--timeout", str(READY_SECONDS))
    (machine,) = launch(*line, IMAGE, within=READY_SECONDS + 60)
    yield machine
    ended = abcd_run("stop", machine["name"])
    assert ended.status == 0, ended.err


def test_with_vnc_it_follows_as_well(shown_by_vnc: Document, tmp_path: Path) -> None:
    with vnc_viewer.viewer(socket_of(shown_by_vnc)) as viewer:
        for size in (SMALLER, ODD):
            vnc_viewer.resize(viewer, *size)
            await_size(shown_by_vnc, size)
    assert picture(shown_by_vnc, tmp_path / "screen.png").size == ODD
