"""What launches report while they run, and the listener that ignores it."""

from typing import Protocol

from abcd_run.model import Stage


class Progress(Protocol):
    """What a launch reports; several launches call its methods from their own threads."""

    def stage(self, name: str, stage: Stage) -> None:
        """Say that the launch of `name` has reached a stage."""

    def say(self, name: str, text: str) -> None:
        """Say what the launch of `name` is doing right now."""

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
