"""Show a session's events on standard error."""

from threading import Lock
from typing import Self

from abcd_run.launch.progress import Progress
from abcd_run.report import for_people, once_a_day
from abcd_run.report.progress import progress
from abcd_run.session.events import Event


class Display:
    """Lines about events, drawn from the first event to the end of the block."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._lock = quiet, Lock()
        self._lines: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._lines:
                self._lines.close()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if event.note:
            if not self._quiet and (not event.of_host or once_a_day.due(event.text)):
                for_people.print_notes([event.text])
        elif event.stage is not None:
            self._begun().stage(event.name, event.stage)
        else:
            self._begun().say(event.name, event.text)

    def _begun(self) -> Progress:
        with self._lock:
            self._lines = self._lines or progress(quiet=self._quiet)
            return self._lines
