"""The terminal closes during a launch, as when an ssh session ends or a window is closed.

Like sshd, the test closes its end of the terminal, and the kernel signals all processes on it.
"""

import os
import pty
import subprocess

import pytest

from abcd_run.testing.cli import PROGRAM, abcd_run
from tests.engines_here import need
from tests.waiting import until

NEVER = 'ready.console="a line that nothing prints"'
WITHIN = 6.0
"""The promised five seconds, and one more for a busy host."""


@pytest.mark.parametrize("engine", ["podman", "docker", "lxd", "libvirt"])
def test_it_closes_in_mid_launch(engine: str) -> None:
    """The launch ends in time as interrupted, and nothing is left."""
    need(engine)
    name = f"closed-{engine}-{os.urandom(3).hex()}"
    line = [PROGRAM, "--on", engine, "--name", name, "--set", NEVER, "abcd4demo"]
    ours, theirs = pty.openpty()
    # `setsid --ctty` makes it the terminal of a session of its own, as sshd does.
    with subprocess.Popen(
        ["setsid", "--ctty", "--wait", *line], stdin=theirs, stdout=theirs, stderr=theirs
    ) as session:
        os.close(theirs)
        until(lambda: name in abcd_run("ps", "--on", engine).out, within=60)
        os.close(ours)
        assert session.wait(WITHIN) == 130
    assert name not in abcd_run("ps", "--on", engine).out
