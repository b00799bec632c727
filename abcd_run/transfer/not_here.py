"""Copying on Windows, which can neither keep a path inside one folder nor wait for a pipe."""

from collections.abc import Callable, Sequence
from typing import NoReturn

from abcd_run.errors import UsageError
from abcd_run.transfer.meter import Meter

Exec = Callable[[Sequence[str]], list[str]]


def put(sources: Sequence[str], to: str, *, name: str, run: Exec, meter: Meter) -> NoReturn:
    """Raise `UsageError` with what to do instead."""
    del sources, to, run, meter
    raise _instead(name)


def take(path: str, to: str, *, name: str, run: Exec, meter: Meter) -> NoReturn:
    """Raise `UsageError` with what to do instead."""
    del path, to, run, meter
    raise _instead(name)


def _instead(name: str) -> UsageError:
    return UsageError(
        "abcd-run cp does not work on Windows",
        remedy=f"scp, with the user and port of: abcd-run show {name}",
    )
