"""The desktop's gate slows down guessing, and nobody else; behind it the desktop comes back."""

import time

import pytest

from abcd_run.testing.cli import http_status
from tests.e2e.desktop.looking import Document, inside
from tests.waiting import until

GUESSES = 20
AT_FIRST, A_SECOND = 6, 2
"""How many wrong logins the gate checks before it limits them to that many a second."""


@pytest.mark.parametrize("runtime", ["podman", "docker", "lxd"])
def test_guessing_is_slow(desktops: dict[str, Document], runtime: str) -> None:
    instance = desktops[runtime]
    (page,) = (one["url"] for one in instance["endpoints"] if one["service"] == "desktop")
    began = time.monotonic()
    told = [http_status(page, user="abcd", password=f"no-{n}")[0] for n in range(GUESSES)]
    seconds = time.monotonic() - began
    assert set(told) == {401, 429}
    assert told.count(401) <= AT_FIRST + A_SECOND * seconds + 1
    for _ in range(GUESSES):
        assert http_status(page, user="abcd", password=instance["password"])[0] == 200
        assert http_status(page)[0] == 401


@pytest.mark.parametrize("runtime", ["podman", "docker", "lxd"])
def test_a_killed_desktop_comes_back(desktops: dict[str, Document], runtime: str) -> None:
    """The X server outlives an xpra that is killed; the next one needs its place."""
    instance = desktops[runtime]
    drawn = "stat -c %Y-%i /run/abcd/session/drawn 2>/dev/null || true"
    earlier = inside(instance, drawn)
    assert earlier
    inside(instance, "kill -KILL $(ps -o pid,args | awk '/[x]pra start-desktop/ { print $1 }')")
    until(lambda: inside(instance, drawn) not in {"", earlier})
