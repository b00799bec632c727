"""Variables of an environment, whoever gives them: one rule for every runtime.

Engines write them into files of lines and into arguments. There a line break in a name or value is
the begin of a line that somebody else wrote, and LXD runs what such a line says as root.
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
    """Say whether a text stays what it is in a file of lines."""
    return not any(sign in text for sign in _BREAKS)


def of_image(listed: Iterable[object], image: str) -> dict[str, str]:
    """Read the `NAME=value` words of an image. Raises `ArtifactError` that names the image."""
    pairs = dict(str(word).partition("=")[::2] for word in listed)
    if told := _fault(pairs):
        raise ArtifactError(
            f"{image}: {told}",
            details="an image with such a variable is broken or malicious",
            remedy="get the image from a trusted source",
        )
    return pairs


def check(given: Mapping[str, str]) -> None:
    """Raise `UsageError` where a user gives a variable that cannot be one."""
    if told := _fault(given):
        raise UsageError(f"--env: {told}", remedy="--env KEY=VALUE")


def _fault(pairs: Mapping[str, str]) -> str:
    for name, value in pairs.items():
        if not is_name(name):
            return f"{name[:LONGEST_SHOWN]!r} is not a valid variable name"
        if "\0" in value:
            return f"the value of {name[:LONGEST_SHOWN]} contains NUL"
    return ""
