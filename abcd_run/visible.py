"""Make untrusted text safe to show on a terminal."""

import re

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""Escape sequences for colours and cursor movements."""


def visible(line: str) -> str:
    r"""Return an untrusted line so that a terminal shows it without obeying it.

    Colours and cursor movements are dropped; other unprintable characters are written as `\x07`.
    """
    return "".join(map(_shown, ESCAPES.sub("", line.expandtabs())))


def _shown(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()
