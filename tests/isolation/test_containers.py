"""Root inside a container has minimal rights, on the real engines."""

from collections.abc import Iterator

import pytest

from abcd_run.testing.cli import abcd_run, launch
from tests.engines_here import need

NAME = "least-rights"
CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
    "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
)  # fmt: skip
"""The kernel's first capabilities, in its order."""

NEEDED = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"}


@pytest.fixture(params=["podman", "docker"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    name: str = request.param
    need(name)
    yield name
    abcd_run("stop", NAME)


def _status(*given: str) -> dict[str, str]:
    """Launch, and return what the kernel says about root's processes inside."""
    launch("--name", NAME, *given, "abcd4demo")
    lines = abcd_run("exec", "--user", "root", NAME, "--", "cat", "/proc/self/status").out
    pairs = (line.partition(":") for line in lines.splitlines())
    return {key: value.strip() for key, _, value in pairs}


def _capabilities(mask: str) -> set[str]:
    number = int(mask, 16)
    return {
        CAPABILITIES[bit] if bit < len(CAPABILITIES) else f"number {bit}"
        for bit in range(number.bit_length())
        if number >> bit & 1
    }


def test_root_has_the_least(engine: str) -> None:
    told = _status("--on", engine)
    assert _capabilities(told["CapBnd"]) == NEEDED
    assert _capabilities(told["CapEff"]) == NEEDED
    assert told["NoNewPrivs"] == "1"
    assert told["Seccomp"] == "2"


def test_a_profile_gets_back_what_is_listed(engine: str) -> None:
    changes = f'on.{engine}.cap_add=["NET_RAW"]', f"on.{engine}.setuid=true"
    told = _status("--on", engine, "--set", changes[0], "--set", changes[1])
    assert _capabilities(told["CapBnd"]) == {*NEEDED, "NET_RAW"}
    assert told["NoNewPrivs"] == "0"
