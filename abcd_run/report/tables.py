"""Lay out rows and long lines for a terminal: columns where they fit, else lines."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NARROWEST = 24
"""The fewest characters in which the last column is still easier to read than a line of its own."""

INDENT = "  "


def lines(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return a table of harmless cells, for a terminal of `width` characters; None for no limit.

    Without rows it is the heads alone.
    If the rows are too long, the last column is wrapped; if it would be too narrow, each row
    becomes a block of lines, "HEAD value" below its first cell.
    """
    if not rows:
        return hanging("", INDENT.join(heads), width)
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    before = sum(size + len(INDENT) for size in widths[:-1])
    if width is None or before + widths[-1] <= width:
        return [_columns(row, widths) for row in (heads, *rows)]
    if width - before < NARROWEST:
        return [line for row in rows for line in _block(heads, row, width)]
    return [line for row in (heads, *rows) for line in _wrapped(row, widths, width)]


def _columns(row: Sequence[str], widths: Sequence[int]) -> str:
    return INDENT.join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))


def _wrapped(row: Sequence[str], widths: Sequence[int], width: int) -> list[str]:
    start = _columns([*row[:-1], ""], [*widths[:-1], 0])
    return hanging(start, row[-1], width)


def _block(heads: Sequence[str], row: Sequence[str], width: int) -> list[str]:
    """Return a row as its first cell, with the others that are not empty below it."""
    size = max(map(len, heads[1:]))
    facts = [(head, cell) for head, cell in zip(heads[1:], row[1:], strict=True) if cell]
    return [
        row[0],
        *(
            line
            for head, cell in facts
            for line in hanging(f"{INDENT}{head.lower():{size}}{INDENT}", cell, width)
        ),
    ]


def hanging(start: str, text: str, width: int | None) -> list[str]:
    """Return `start` and a text behind it, whose further lines begin below its first.

    Words are never cut: an address stays one.
    """
    if width is None or len(start) + len(text) <= width:
        return [start + text]
    return textwrap.wrap(
        text,
        max(width, len(start) + 1),
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )
