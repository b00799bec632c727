"""Environment variables from any source: one rule for every runtime.

Engines write them into line-based files and into arguments. There, a line break in a name or value
starts a new line with untrusted content, and LXD would run what such a line says as root.
"""

import re
from collections.abc import Iterable, Mapping

from abcd_run.errors import ArtifactError, UsageError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BREAKS = ("\0", "\n", "\r")
LONGEST_SHOWN = 60


def is_name(word: str) -> bool:
    """Say whether a word can be a variable's name."""
    return _NAME.fullmatch(word) is not None


def is_one_line(text: str) -> bool:
    """Say whether a text stays a single line in a line-based file."""
    return not any(sign in text for sign in _BREAKS)


def of_image(listed: Iterable[object], image: str) -> dict[str, str]:
    """Parse an image's `NAME=value` words. Raises `ArtifactError` that names the image."""
    pairs = dict(str(word).partition("=")[::2] for word in listed)
    if fault := _fault(pairs):
        raise ArtifactError(
            f"{image}: {fault}",
            details="an image with such a variable is broken or malicious",
            remedy="get the image from a trusted source",
        )
    return pairs


def check(given: Mapping[str, str]) -> None:
    """Raise `UsageError` if a user gives an invalid variable."""
    if fault := _fault(given):
        raise UsageError(f"--env: {fault}", remedy="--env KEY=VALUE")


def _fault(pairs: Mapping[str, str]) -> str:
    for name, value in pairs.items():
        if not is_name(name):
            return f"{name[:LONGEST_SHOWN]!r} is not a valid variable name"
        if "\0" in value:
            return f"the value of {name[:LONGEST_SHOWN]} contains NUL"
    return ""
