"""What a session reports while it works."""

from collections.abc import Callable
from dataclasses import dataclass

from abcd_run.model import Stage


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that just happened or is happening.

    `name` is the instance, variant or runtime it is about. Either it has reached a `stage`, or
    `text` says what is happening. With `note`, `text` is something the user should know although
    it stops nothing, and `name` is empty; with `of_host` too, it is about what this host cannot do,
    and true of every launch here.
    """

    name: str
    text: str = ""
    stage: Stage | None = None
    note: bool = False
    of_host: bool = False


Tell = Callable[[Event], None]
"""Receives events from the worker threads, several at a time; it should return quickly."""


class Teller:
    """The progress of launches, as events."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def stage(self, name: str, stage: Stage) -> None:
        """Report that something has reached a stage."""
        self._tell(Event(name, stage=stage))

    def say(self, name: str, text: str) -> None:
        """Report what is happening."""
        self._tell(Event(name, text))

    def note(self, text: str, *, of_host: bool = False) -> None:
        """Report what the user should know; see `Event`."""
        self._tell(Event("", text, note=True, of_host=of_host))

    def close(self) -> None:
        """Do nothing: the receiver of the events knows when the call ends."""
