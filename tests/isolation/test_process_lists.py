"""Process lists, watched continuously from before a launch to its end."""

import pytest

from tests.isolation.conftest import MARK, RUNTIMES, Lab, Seen

LOOK_SECONDS = 0.1
"""How long a look may take on a busy host: commands inside last five times as long."""


def test_the_stranger_looks(seen: Seen) -> None:
    """The watch looks often enough, and sees what there is."""
    assert seen.seconds_a_look < LOOK_SECONDS
    assert any("\0".join(["sleep", "0.05000"]) in line for line in seen.arguments)
    assert any("abcd-run" in line for line in seen.arguments)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_no_password(seen: Seen, lab: Lab, runtime: str) -> None:
    """No secret shows while instances are launched, listed, captured, used and stopped."""
    password = lab.instances[runtime]["password"]
    assert [line for line in seen.arguments if password in line] == []
    assert [line for line in seen.environments if password in line] == []


def test_no_variable_of_the_launch(seen: Seen) -> None:
    """The value of `--env` only shows in the arguments that the user typed."""
    typed = f"ISOLATION_MARK={MARK}\0"
    shown = [line for line in seen.arguments if MARK in line]
    assert [line for line in shown if "abcd-run" not in line or typed not in line] == []
    assert [line for line in seen.environments if MARK in line] == []
