"""KDE Plasma, the family's desktop, on four runtimes: the same everywhere, and good to work with.

`verify` launches them, because a machine without KVM takes minutes for it; the rest looks at those.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from abcd_run.testing.cli import Ended, abcd_run, launch
from tests.e2e.desktop.looking import (
    BUILD_SECONDS,
    DISPLAY,
    READY_SECONDS,
    RUNTIMES,
    SLOW,
    Document,
    inside,
    mode,
    page,
    picture,
    shot,
)
from tests.engines_here import need
from tests.waiting import until

pytestmark = SLOW

IMAGE = "abcd4desktop"
FOLLOWS = 5.0
AGAIN_SECONDS = 10.0
"""How long a new session may take after the last one ended; 4 s on a quiet machine."""

SESSION = DISPLAY + (
    "export $(tr '\\0' '\\n' </proc/$(pgrep -n plasmashell)/environ"
    " | grep -e DBUS_SESSION -e XDG_RUNTIME_DIR); export SHELL=/bin/bash; cd; "
)
"""What a program needs to be one of the session's."""

PLACES = "cat ~/.local/share/user-places.xbel"
LOG_OUT = (
    "rm /run/abcd/session/drawn; dbus-send --session --print-reply --dest=org.kde.ksmserver"
    " /KSMServer org.kde.KSMServerInterface.logout int32:0 int32:0 int32:0"
)


@pytest.fixture(scope="module")
def verified(artifacts: Path) -> Iterator[Ended]:
    """Return what `verify` said about the four, which still run."""
    need(*RUNTIMES)
    on = ",".join(RUNTIMES)
    built = abcd_run("pull", "--quiet", "--on", on, IMAGE, within=BUILD_SECONDS)
    assert built.status == 0, built.err
    kept = ("--keep", "--pictures", str(artifacts / "plasma"))
    yield abcd_run("verify", "--json", *kept, "--on", on, IMAGE, within=READY_SECONDS + 600)
    abcd_run("stop", *(one["name"] for one in running()))


def running() -> list[Document]:
    """Return the instances of this image."""
    instances = abcd_run("ps", "--json").json["instances"]
    return [one for one in instances if one["image"] == IMAGE]


@pytest.fixture(params=[name for name in ("podman", "docker", "lxd") if name in RUNTIMES])
def plasma(request: pytest.FixtureRequest, verified: Ended) -> Document:
    """Return the desktop of each container runtime."""
    return next(one for one in running() if one["runtime"] == request.param)


def test_they_are_the_same(verified: Ended) -> None:
    document = verified.json
    differs = [one for one in document["checks"] if one["outcome"] == "differs"]
    assert (verified.status, differs, document["errors"]) == (0, [], []), verified.err
    pictured = next(one for one in document["checks"] if one["check"] == "picture")
    assert set(pictured["runtimes"].values()) == {"equal"}


def test_nobodys_session_is_roots(plasma: Document) -> None:
    owner = inside(plasma, "stat -c %U /proc/$(pgrep -n plasmashell)")
    assert owner == "abcd\n"


def test_the_screen_follows_the_window(plasma: Document, browser: Browser, artifacts: Path) -> None:
    with page(browser, plasma) as opened:
        for size in ((1000, 700), (1280, 800)):
            opened.set_viewport_size({"width": size[0], "height": size[1]})
            until(lambda size=size: mode(plasma) == size, within=FOLLOWS)  # type: ignore[misc]
            until(lambda size=size: panel_is_at_the_bottom(plasma, size), within=FOLLOWS)  # type: ignore[misc]
            shot(opened, artifacts / f"plasma-{plasma['runtime']}-{size[0]}x{size[1]}.png")


def panel_is_at_the_bottom(plasma: Document, size: tuple[int, int]) -> bool:
    """Say whether windows may use all of the screen but a strip below."""
    area = inside(plasma, DISPLAY + "xprop -root _NET_WORKAREA").partition("= ")[2]
    left, top, width, height = map(int, area.split(",")[:4])
    return (left, top, width) == (0, 0, size[0]) and size[1] - 100 < height < size[1]


def test_typing_arrives_in_konsole(plasma: Document, browser: Browser, artifacts: Path) -> None:
    inside(plasma, SESSION + "setsid konsole </dev/null >/dev/null 2>&1 &")
    with page(browser, plasma) as opened:
        until(lambda: "Konsole" in inside(plasma, DISPLAY + "wmctrl -l"), within=20)
        inside(plasma, DISPLAY + "wmctrl -a Konsole")
        opened.keyboard.type("echo typed-$((40 + 2)) >/tmp/typed\n", delay=20)
        until(lambda: inside(plasma, "cat /tmp/typed 2>/dev/null || :") == "typed-42\n", within=20)
        shot(opened, artifacts / f"plasma-{plasma['runtime']}-konsole.png")
    inside(plasma, "pkill konsole; rm /tmp/typed")


def test_who_logs_out_is_shown_a_new_session(plasma: Document) -> None:
    began = time.monotonic()
    inside(plasma, SESSION + LOG_OUT)
    drawn = "[ ! -e /run/abcd/session/drawn ] || echo yes"
    until(lambda: inside(plasma, drawn) == "yes\n", within=60)
    assert time.monotonic() - began < AGAIN_SECONDS


def test_firefox_opens_the_instances_own_page(plasma: Document, artifacts: Path) -> None:
    runtime = plasma["runtime"]
    address = f"http://abcd:{plasma['password']}@127.0.0.1:8080/"
    inside(plasma, SESSION + f"setsid firefox-esr {address} </dev/null >/dev/null 2>&1 &")
    title = f"{IMAGE} on {runtime}"
    until(lambda: title in inside(plasma, DISPLAY + "wmctrl -l"), within=90)
    picture(plasma, artifacts / f"plasma-{runtime}-firefox.png")
    inside(plasma, "pkill firefox-esr || :")


@contextmanager
def another(*arguments: str) -> Iterator[Document]:
    """Launch a desktop of its own on podman."""
    (launched,) = launch("--on", "podman", *arguments, IMAGE)
    try:
        yield launched
    finally:
        abcd_run("stop", "--yes", launched["name"])


@pytest.mark.usefixtures("verified")
def test_a_share_is_one_of_the_file_managers_places(tmp_path: Path, artifacts: Path) -> None:
    """Beside those that it has anyway; in a home that is kept it goes with the share."""
    folder, home = tmp_path / "our lab", tmp_path / "home"
    folder.mkdir()
    with another(f"--home={home}", "--share", str(folder)) as sharing:
        inside(sharing, SESSION + "setsid dolphin </dev/null >/dev/null 2>&1 &")
        until(lambda: "Dolphin" in inside(sharing, DISPLAY + "wmctrl -l"), within=30)
        until(lambda: "trash:/" in inside(sharing, PLACES), within=10)
        assert 'href="file:///mnt/our%20lab"' in inside(sharing, PLACES)
        picture(sharing, artifacts / "plasma-share.png")
    with another(f"--home={home}") as alone:
        until(lambda: "file:///mnt/" not in inside(alone, PLACES), within=10)
        assert "trash:/" in inside(alone, PLACES)
