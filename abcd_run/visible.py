"""What others say, as a terminal may show it."""

import re

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""Colours and movements."""


def visible(line: str) -> str:
    r"""Return a line of others so that a terminal obeys none of it, and shows what it is.

    Colours and movements are left out, all else that is no letter or sign is written as `\x07`.
    """
    return "".join(map(_shown, ESCAPES.sub("", line.expandtabs())))


def _shown(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()
