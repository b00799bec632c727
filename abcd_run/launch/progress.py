"""What launches tell while they are under way, and the listener that shows nothing of it."""

from typing import Protocol

from abcd_run.model import Stage


class Progress(Protocol):
    """What a launch tells; its methods are called from the threads of several launches."""

    def stage(self, name: str, stage: Stage) -> None:
        """Say that the launch of `name` has come to a stage."""

    def say(self, name: str, text: str) -> None:
        """Say what the launch of `name` is doing just now."""

    def close(self) -> None:
        """End the display."""


class Silent:
    """Show nothing: `--quiet`."""

    def stage(self, name: str, stage: Stage) -> None:
        """Show nothing."""

    def say(self, name: str, text: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""
