"""Sizes as people write them."""

import re

from abcd_run.errors import UsageError

_FACTORS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_DECIMAL = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
LIMIT = 2**63
"""Sizes must stay below this: engines use signed 64-bit numbers."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return a size in bytes: "2GiB" and "2g" are binary, as for engines; "2GB" is decimal."""
    match = _SIZE.fullmatch(text.strip())
    size = _bytes(match) if match else 0
    if not 1 <= size < LIMIT:
        raise UsageError(
            f"{text!r} is not a size", remedy="give a number and a unit, such as 2GiB or 512MiB"
        )
    return int(size)


def _bytes(match: re.Match[str]) -> float:
    number, letter, ending = float(match[1]), match[2].lower(), (match[3] or "").lower()
    return number * (_DECIMAL[letter + "b"] if letter and ending == "b" else _FACTORS[letter])


def format_size(size: float) -> str:
    """Return bytes as people read them, "1.5 GiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004
            return f"{size:.1f}".removesuffix(".0") + f" {unit}"
        size /= 1024
    return f"{size:.1f}".removesuffix(".0") + " TiB"
