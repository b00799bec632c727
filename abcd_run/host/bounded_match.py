"""Look for a profile's line in what an instance printed, within bounds of size and time.

Python's expressions can take years for a line of thirty letters, and nothing can interrupt them.
What could be slow is matched by a process that is ended when it takes too long.
"""

import re
import sys

from abcd_run import limits
from abcd_run.schema import CONTROL, Rule, Wrong

LONGEST = 256
"""Characters of an expression."""

SEARCH_SECONDS = 2.0

# One character after the other, each matched in one way.
_QUICK = re.compile(r"\^?([^\\^$|?*+()\[\]{}]|\\[^A-Za-z0-9])*\$?", re.DOTALL)
_SEARCH = """
import re, sys
printed = sys.stdin.buffer.read().decode(errors="replace")
sys.exit(0 if re.search(sys.argv[1], printed, re.MULTILINE) else 9)
"""
_FOUND, _ABSENT = 0, 9


class Unusable(Exception):
    """The expression is none, or takes too long; says which."""


def _read(value: object) -> object:
    if not isinstance(value, str) or len(value) > LONGEST or CONTROL.search(value):
        raise Wrong
    return value


EXPRESSION = Rule(f"a regular expression of at most {LONGEST} characters", _read)


def check(wanted: str) -> None:
    """Raise `Unusable` for what is no expression."""
    try:
        re.compile(wanted)
    except (re.error, RecursionError, OverflowError) as error:
        raise Unusable(str(error)) from error


def says(printed: bytes, wanted: str) -> bool:
    """Say whether a line matches; of a very long text the last counts. Raises `Unusable`."""
    check(wanted)
    printed = printed[-2 * limits.TEXT_BYTES :]
    if _QUICK.fullmatch(wanted):
        return bool(re.search(wanted, printed.decode(errors="replace"), re.MULTILINE))
    import subprocess  # noqa: PLC0415  (few profiles wait for such a line)

    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SEARCH, wanted],
            input=printed,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SEARCH_SECONDS,
            check=False,
            # Ctrl-C on the terminal is ours to handle.
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise Unusable(f"it did not finish within {SEARCH_SECONDS:g} s") from error
    if ended.returncode not in (_FOUND, _ABSENT):
        raise Unusable(f"it could not be matched: status {ended.returncode}")
    return ended.returncode == _FOUND
