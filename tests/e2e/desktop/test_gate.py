"""The desktop's gate holds up who guesses, and nobody else."""

import pytest

from abcd_run.testing.cli import http_status
from tests.e2e.desktop.looking import Document

GUESSES = 20
AT_FIRST = 6
"""How many wrong logins are looked at before the gate takes two a second."""


@pytest.mark.parametrize("runtime", ["podman", "docker", "lxd"])
def test_guessing_is_slow(desktops: dict[str, Document], runtime: str) -> None:
    instance = desktops[runtime]
    (page,) = (one["url"] for one in instance["endpoints"] if one["service"] == "desktop")
    told = [http_status(page, user="abcd", password=f"no-{n}")[0] for n in range(GUESSES)]
    assert set(told) == {401, 429}
    assert told[:AT_FIRST] == [401] * AT_FIRST
    for _ in range(GUESSES):
        assert http_status(page, user="abcd", password=instance["password"])[0] == 200
        assert http_status(page)[0] == 401
