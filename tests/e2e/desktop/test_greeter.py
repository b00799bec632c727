"""KDE Plasma behind SDDM's greeter: nobody is in before they have given the instance's password."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from abcd_run.testing.cli import abcd_run
from tests.e2e.desktop.looking import (
    BUILD_SECONDS,
    READY_SECONDS,
    SLOW,
    Document,
    inside,
    page,
    shot,
)
from tests.e2e.desktop.test_plasma import IMAGE, LOG_OUT, SESSION
from tests.engines_here import need
from tests.waiting import until

pytestmark = SLOW

REFUSED = "pam_unix(sddm:auth): authentication failure"
"""What the system's log says of a wrong password."""


@pytest.fixture(scope="module")
def greeter() -> Iterator[Document]:
    """Return an instance of Plasma that asks for the password."""
    need("podman")
    wanted = ("--on", "podman", "--set", "login=greeter", IMAGE)
    ended = abcd_run("--json", *wanted, within=BUILD_SECONDS + READY_SECONDS)
    assert ended.status == 0, ended.err
    instance: Document = ended.json["instances"][0]
    yield instance
    abcd_run("stop", instance["name"])


def number_of(greeter: Document, program: str) -> int:
    return int(inside(greeter, f"pgrep -c -x {program} || :"))


def log_of(greeter: Document) -> str:
    return abcd_run("exec", "--user", "root", greeter["name"], "--", "logread").out


def asks(greeter: Document) -> bool:
    """Say whether the greeter waits to hear whether a password is right."""
    return "--user abcd" in inside(greeter, "pgrep -a sddm-helper || :")


def let_in(greeter: Document, opened: Page) -> bool:
    """Type the password, and say whether that began a session within some seconds."""
    opened.keyboard.press("Control+a")
    opened.keyboard.type(greeter["password"] + "\n", delay=20)
    return any(number_of(greeter, "plasmashell") for _ in range(20))


def test_who_has_the_password_is_let_in(
    greeter: Document, browser: Browser, artifacts: Path
) -> None:
    assert (number_of(greeter, "sddm-greeter"), number_of(greeter, "plasmashell")) == (1, 0)
    with page(browser, greeter) as opened:
        shot(opened, artifacts / "greeter.png")
        opened.keyboard.type("somebody-elses\n", delay=20)
        until(lambda: REFUSED in log_of(greeter), within=20)
        assert number_of(greeter, "plasmashell") == 0

        # It takes no keys while it asks, nor for a moment after.
        until(lambda: not asks(greeter), within=20)
        until(lambda: let_in(greeter, opened), within=60)
        until(lambda: inside(greeter, "ls /run/abcd/session").count("drawn") == 1, within=60)
        shot(opened, artifacts / "greeter-session.png")
    assert inside(greeter, "stat -c %U /proc/$(pgrep -n plasmashell)") == "abcd\n"


def test_who_logs_out_is_asked_again(greeter: Document) -> None:
    until(lambda: number_of(greeter, "plasmashell") == 1, within=60)
    inside(greeter, SESSION + LOG_OUT)
    until(lambda: number_of(greeter, "plasmashell") == 0, within=30)
    until(lambda: number_of(greeter, "sddm-greeter") == 1, within=30)
