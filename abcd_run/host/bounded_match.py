"""Search an instance's output for a profile's expression, with limits on size and time.

Python's regular expressions can take years on a line of thirty letters and cannot be interrupted.
Expressions that could be slow run in a process that is killed if it takes too long.
"""

import re
import sys

from abcd_run import limits
from abcd_run.schema import CONTROL, Rule, Wrong

LONGEST = 256
"""The longest expression, in characters."""

SEARCH_SECONDS = 2.0

# One character after another, each with a single way to match.
_QUICK = re.compile(r"\^?([^\\^$|?*+()\[\]{}]|\\[^A-Za-z0-9])*\$?", re.DOTALL)
_SEARCH = """
import re, sys
printed = sys.stdin.buffer.read().decode(errors="replace")
sys.exit(0 if re.search(sys.argv[1], printed, re.MULTILINE) else 9)
"""
_FOUND, _ABSENT = 0, 9


class Unusable(Exception):
    """The expression is invalid or takes too long; the message says which."""


def _read(value: object) -> object:
    if not isinstance(value, str) or len(value) > LONGEST or CONTROL.search(value):
        raise Wrong
    return value


EXPRESSION = Rule(f"a regular expression of at most {LONGEST} characters", _read)


def check(wanted: str) -> None:
    """Raise `Unusable` for an invalid expression."""
    try:
        re.compile(wanted)
    except (re.error, RecursionError, OverflowError) as error:
        raise Unusable(str(error)) from error


def says(printed: bytes, wanted: str) -> bool:
    """Say whether a line matches; only the end of a very long text counts. Raises `Unusable`."""
    check(wanted)
    printed = printed[-2 * limits.TEXT_BYTES :]
    if _QUICK.fullmatch(wanted):
        return bool(re.search(wanted, printed.decode(errors="replace"), re.MULTILINE))
    import subprocess  # noqa: PLC0415  (few profiles need it)

    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SEARCH, wanted],
            input=printed,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SEARCH_SECONDS,
            check=False,
            # We handle Ctrl-C on the terminal ourselves.
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise Unusable(f"it did not finish within {SEARCH_SECONDS:g} s") from error
    if ended.returncode not in (_FOUND, _ABSENT):
        raise Unusable(f"it could not be matched: status {ended.returncode}")
    return ended.returncode == _FOUND
