"""The contract on pages, with a real Chromium in the hands of a tireless person."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.runtime import Runtime
from abcd_run.testing.cli import abcd_run
from abcd_run.testing.contract import Document, RuntimeContract
from abcd_run.testing.contract.basis import NEVER
from tests.contract.person import person
from tests.e2e.desktop.looking import CHROMIUM


class TestBrowser(RuntimeContract):
    """The machines in tabs."""

    # Every machine is emulated, in the same browser.
    pytestmark = pytest.mark.timeout(900)

    runtime = "browser"
    keeps_files = False  # a tab's machine is in memory
    by_hand = "a person opens the page"
    no_root = "a page has no user on this host"
    no_streams = "a tab's machine has files, no streams"
    no_shares = "a page has no folders of this host"
    one_processor = "the emulator has one processor"
    own_page = "the page is the emulator's"

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _person(cls) -> Iterator[None]:
        if not Path(CHROMIUM).exists():
            (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no Chromium")
        with person():
            yield

    def test_a_launch_waits_for_the_page_alone(self, connected: Runtime) -> None:
        """It ends well when the page is served; `wait` awaits the machine, which may be late."""
        name = self.name()
        line = ("--json", "--on", self.runtime, "--name", name, "--set", NEVER, self.image)
        ended = abcd_run(*line)
        try:
            assert ended.status == 0, ended.err
            assert [one["stage"] for one in ended.json["instances"]] == ["reachable"]
            late = abcd_run("wait", "--timeout", "5", name)
            assert (late.status, "reachable" in late.err) == (6, True)
        finally:
            assert abcd_run("stop", name).status == 0

    def test_variables_arrive(self) -> None:
        """What `--env` gives is there for commands."""
        with self.launched("--env", "GREETING=hello world") as instance:
            assert self.inside(instance, "sh", "-c", 'echo "$GREETING"') == "hello world\n"

    def test_the_console_has_nothing_that_a_command_printed(self, instance: Document) -> None:
        """Output of commands is theirs alone."""
        word = f"said-{os.urandom(4).hex()}"
        assert word in self.inside(instance, "echo", word)
        assert word not in abcd_run("logs", instance["name"]).out
