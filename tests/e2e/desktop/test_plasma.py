"""KDE Plasma, the family's desktop, on four runtimes: the same everywhere, and good to work with.

`verify` launches them, because a machine without KVM takes minutes for it; the rest looks at those.
"""

import time
import urllib.error
import urllib.request
from array import array
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from playwright.sync_api import Browser

from abcd_run.testing.cli import Ended, abcd_run, http_status, launch
from tests.e2e.desktop.looking import (
    BUILD_SECONDS,
    DISPLAY,
    READY_SECONDS,
    RUNTIMES,
    SLOW,
    USER,
    Document,
    inside,
    mode,
    page,
    picture,
    shot,
    url,
)
from tests.e2e.desktop.test_machine import spice
from tests.engines_here import need
from tests.listed import listed
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

SINKS = "pactl list short sinks || :"
SOUND_SECONDS = 120.0
"""A machine's sound begins after the session, on a processor that is emulated."""

RUNS = "pgrep -l '^(pulseaudio|parec)' || :"
"""Whatever of the sound runs."""

TONE = (
    "import math, sys, array; second = array.array("
    "chr(104), (int(9000 * math.sin(n / 16)) for n in range(96000)));"
    " sys.stdout.buffer.write(second.tobytes() * 2)"
)
"""Two seconds of a tone, on both channels."""

LOUD = 3000
FRAME = 4
"""Bytes: two samples of 16 bits."""

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
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
    return [one for one in listed(*RUNTIMES) if one["image"] == IMAGE]


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


def test_a_tone_is_heard_at_the_page_by_who_has_the_password(plasma: Document) -> None:
    sound = url(plasma) + "sound"
    assert http_status(sound)[0] == 401
    assert http_status(sound, user=USER, password="wrong")[0] == 401
    assert inside(plasma, RUNS) == ""
    with heard(plasma, sound) as samples:
        until(lambda: "browser" in inside(plasma, SESSION + "pactl list short sinks"), within=20)
        inside(plasma, SESSION + f"python3 -c '{TONE}' | pacat --raw --rate=48000")
        until(lambda: loudest(samples) > LOUD, within=20)
    until(lambda: "parec" not in inside(plasma, RUNS), within=20)


def test_a_tone_is_heard_in_a_machines_viewer(verified: Ended) -> None:
    assert verified.out
    machine = next(one for one in running() if one["runtime"] == "libvirt")
    until(lambda: "alsa_output" in inside(machine, SESSION + SINKS), within=SOUND_SECONDS)
    with spice(machine) as viewer:
        inside(machine, SESSION + f"python3 -c '{TONE}' | pacat --raw --rate=48000")
        viewer.do(f"hear {LOUD}")


@pytest.mark.parametrize("whose", ["cross-site", "same-site"])
def test_no_other_page_begins_the_sound(plasma: Document, whose: str) -> None:
    request = urllib.request.Request(url(plasma) + "sound")
    request.add_header("Authorization", basic(plasma))
    request.add_header("Sec-Fetch-Site", whose)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        OPENER.open(request, timeout=20)


def test_the_loudspeaker_is_silent_until_it_is_pressed(
    plasma: Document, browser: Browser, artifacts: Path
) -> None:
    with page(browser, plasma) as opened:
        assert "parec" not in inside(plasma, RUNS)
        opened.click("#abcd-sound")
        until(lambda: "parec" in inside(plasma, RUNS), within=20)
        assert opened.get_attribute("#abcd-sound", "aria-pressed") == "true"
        shot(opened, artifacts / f"plasma-{plasma['runtime']}-sound.png")
        opened.click("#abcd-sound")
        until(lambda: "parec" not in inside(plasma, RUNS), within=20)
        assert opened.get_attribute("#abcd-sound", "aria-pressed") == "false"


def basic(plasma: Document) -> str:
    """Return the header of the desktop's login."""
    return "Basic " + b64encode(f"{USER}:{plasma['password']}".encode()).decode()


@contextmanager
def heard(plasma: Document, sound: str) -> Iterator[IO[bytes]]:
    """Listen at the page as long as the block lasts."""
    request = urllib.request.Request(sound, headers={"Authorization": basic(plasma)})
    with OPENER.open(request, timeout=20) as samples:
        yield samples


def loudest(samples: IO[bytes]) -> int:
    """Return the loudest of the next tenth of a second's samples, of 32767."""
    return max(map(abs, array("h", samples.read(FRAME * 4800))))


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
