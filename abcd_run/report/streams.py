"""Standard output and standard error: what is for people goes through here, made harmless.

Guests, images, profiles and engines say what they like; nothing of it reaches the terminal as a
command.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from abcd_run.errors import AbcdRunError
from abcd_run.visible import visible


class OutputLost(AbcdRunError):
    """What there was to say could not be written to where standard output goes."""

    status = 1


def flush() -> None:
    """Print now, not at Python's end, where what goes wrong can only be complained about.

    Raises `BrokenPipeError` when the reader has gone, else `OutputLost`.
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
            remedy="free some space where the output goes",
        ) from error


def give_up() -> None:
    """Let what is still to be printed go nowhere: it would be complained about at the end."""
    with open(os.devnull, "wb") as nowhere, suppress(OSError, ValueError):  # noqa: PTH123  (a device)
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def say(text: str) -> None:
    """Print lines for people on standard output."""
    sys.stdout.write(_lines(text))


def complain(text: str) -> None:
    """Print lines for people on standard error; who has closed it hears nothing."""
    with suppress(OSError, ValueError):
        sys.stderr.write(_lines(text))
        sys.stderr.flush()


def _lines(text: str) -> str:
    # Of all that ends a line for somebody, only this one does for a terminal alone.
    return "".join(f"{visible(line).rstrip()}\n" for line in text.split("\n"))
