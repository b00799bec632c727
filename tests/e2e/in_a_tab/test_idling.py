"""A machine that has nothing to do leaves the browser alone, and its clock goes right."""

import re
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
from playwright.sync_api import BrowserContext

from tests.e2e.in_a_tab.conftest import BUILD_SECONDS
from tests.e2e.in_a_tab.launcher import Launcher, launched
from tests.e2e.in_a_tab.tab import tab
from tests.waiting import until

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)

READY_SECONDS = 90
IDLE_SECONDS = 3
CALM_SECONDS = 90
"""How long it may go on with what it begins when it is ready, its key for ssh."""

TICKS = 100
"""A second, at most: 50 while it rests, 250 while it works, as it does to answer this test."""

DRIFT = 0.01
"""Of the time that passes: the kernel measures its clock when it boots."""


@dataclass(frozen=True)
class Seen:
    """Timer interrupts and seconds of the machine, between two moments of this host's clock."""

    asked: float
    answered: float
    ticks: int
    uptime: float


def _look(launcher: Launcher) -> Seen:
    asked = monotonic()
    status, out, err = launcher.run("cat /proc/uptime; grep -w timer /proc/interrupts")
    answered = monotonic()
    assert status == 0, err
    match = re.match(rb"([0-9.]+) .*\n *0: *(\d+) ", out)
    assert match, out
    return Seen(asked, answered, ticks=int(match[2]), uptime=float(match[1]))


def test_a_machine_that_idles_rests(folder: Path, context: BrowserContext) -> None:
    with launched(folder) as (address, launcher), tab(context, address) as one:
        one.open()
        until(lambda: one.stage() == "ready", within=READY_SECONDS)
        until(lambda: _ticks(launcher) < TICKS, within=CALM_SECONDS)


def _ticks(launcher: Launcher) -> float:
    """Return the interrupts of a second while nobody asks for anything; check the clock."""
    before = _look(launcher)
    launcher.run(f"sleep {IDLE_SECONDS}")
    after = _look(launcher)
    passed = after.uptime - before.uptime
    assert passed > (after.asked - before.answered) * (1 - DRIFT)
    assert passed < (after.answered - before.asked) * (1 + DRIFT)
    return (after.ticks - before.ticks) / passed
