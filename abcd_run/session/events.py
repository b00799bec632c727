"""What a session tells while it works."""

from collections.abc import Callable
from dataclasses import dataclass

from abcd_run.model import Stage


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that has just happened or is being done.

    `name` is the instance, variant or runtime that it is about. It has come to a `stage`, or `text`
    says what is being done. With `note`, `text` is what the user should know although it stops
    nothing, and the name is empty.
    """

    name: str
    text: str = ""
    stage: Stage | None = None
    note: bool = False


Tell = Callable[[Event], None]
"""Hears events, from the threads that work, several at the same time. It should not take long."""


class Teller:
    """The progress of launches, told as events."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def stage(self, name: str, stage: Stage) -> None:
        """Tell that something has come to a stage."""
        self._tell(Event(name, stage=stage))

    def say(self, name: str, text: str) -> None:
        """Tell what is being done."""
        self._tell(Event(name, text))

    def note(self, text: str) -> None:
        """Tell what the user should know."""
        self._tell(Event("", text, note=True))

    def close(self) -> None:
        """Do nothing: whoever hears the events knows when the call has ended."""
