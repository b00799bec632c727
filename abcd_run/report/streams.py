"""Standard output and standard error: text for people passes through here and is made harmless.

Guests, images, profiles and engines may print anything; none of it may control the terminal.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from abcd_run.errors import AbcdRunError
from abcd_run.visible import visible

if TYPE_CHECKING:
    from collections.abc import Mapping


class OutputLost(AbcdRunError):
    """Standard output could not be written."""

    status = 1


def flush() -> None:
    """Write now rather than at Python's exit, where an error can no longer be handled.

    Raises `BrokenPipeError` if the reader has gone, else `OutputLost`.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up()
        raise OutputLost(
            f"cannot write to standard output: {error.strerror or error}",
            details="the work is done; abcd-run ps shows what runs",
            remedy="free some space at the output's destination",
        ) from error


def give_up() -> None:
    """Discard what is not printed yet, or Python would complain about it at exit."""
    with open(os.devnull, "wb") as nowhere, suppress(OSError, ValueError):  # noqa: PTH123  (a device)
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def say(text: str, *, paints: Mapping[str, str] | None = None) -> None:
    """Print lines for people on standard output.

    On a terminal, words of `paints` are shown in the colour (an ANSI number) that it maps them to.
    """
    lines = _lines(text)
    for word, colour in (paints or {}).items() if _in_colour() else ():
        lines = lines.replace(word, f"\x1b[{colour}m{word}\x1b[0m")
    sys.stdout.write(lines)


def width() -> int | None:
    """Return how many characters fit in a line of the terminal; None if it is none.

    What a program reads is never wrapped.
    """
    if not sys.stdout.isatty():
        return None
    with suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    return None


def _in_colour() -> bool:
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def complain(text: str) -> None:
    """Print lines for people on standard error; if it is closed, print nothing."""
    with suppress(OSError, ValueError):
        sys.stderr.write(_lines(text))
        sys.stderr.flush()


def _lines(text: str) -> str:
    # Of everything that may end a line, only this one ends it for a terminal.
    return "".join(f"{visible(line).rstrip()}\n" for line in text.split("\n"))
