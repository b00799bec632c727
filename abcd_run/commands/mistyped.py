"""What a first word may have meant that is neither a command nor an image.

An unknown first word counts as an image by design, so other programs' commands end up here too.
"""

import difflib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from abcd_run.errors import AbcdRunError, ArtifactError, UsageError
from abcd_run.images.catalogue import LONGEST, Catalogue
from abcd_run.plan import image_word

LAUNCH = ""
"""A launch has no word of its own."""

ELSEWHERE: Mapping[str, str] = {
    "run": LAUNCH, "create": LAUNCH, "up": LAUNCH,
    "rm": "stop", "kill": "stop", "delete": "stop", "remove": "stop", "down": "stop",
    "ls": "ps", "list": "ps", "inspect": "show", "attach": "shell", "enter": "shell",
    "help": "--help", "version": "--version",
}  # fmt: skip
"""Commands of other programs, and ours for the same."""

TAKES: Mapping[str, str] = {LAUNCH: "IMAGE", "stop": "NAME", "show": "NAME", "shell": "NAME"}
"""What follows ours, for who typed nothing; the others of `ELSEWHERE` take nothing."""

NEAR = 0.6
"""How alike two words must be, from 0 to 1."""


def several(words: Sequence[str], commands: Sequence[str]) -> AbcdRunError:
    """Return the error for more words than an image, which stands first."""
    image, *rest = words
    catalogue = Catalogue.usual()
    if not image_word.is_unknown(image, catalogue):
        return UsageError(
            f"one IMAGE at a time: {rest[0]!r} is another",
            remedy=f"abcd-run {image} -- {shlex.join(rest)}   if that is a command to run",
        )
    return UsageError(
        f"no command and no image is called {image[:LONGEST]!r}",
        remedy=_typed(image, rest, commands, catalogue.names()),
    )


def alone(word: str, profiles: str | None) -> AbcdRunError | None:
    """Return the error for a command of other programs; None if the word may be an image."""
    if word not in ELSEWHERE or Path(word).exists():
        return None
    if not image_word.is_unknown(word, Catalogue.usual(Path(profiles) if profiles else None)):
        return None
    # The same status as for any other unknown image.
    return ArtifactError(f"no command and no image is called {word!r}", remedy=_ours(word, []))


def _typed(word: str, rest: Sequence[str], commands: Sequence[str], images: Sequence[str]) -> str:
    """Return the line that may have been meant."""
    if word == "help" and rest[0] in commands:
        return f"abcd-run {rest[0]} --help"
    if word in ELSEWHERE:
        return _ours(word, rest)
    if command := _nearest(word, commands):
        return shlex.join(["abcd-run", command, *rest])
    image = _nearest(word, images)
    return f"abcd-run {image} -- {shlex.join(rest)}" if image else "abcd-run --help"


def _ours(word: str, rest: Sequence[str]) -> str:
    """Return our line for another program's."""
    ours = ELSEWHERE[word]
    following = (rest or [TAKES[ours]]) if ours in TAKES else []
    return shlex.join(["abcd-run", *filter(None, [ours]), *following])


def _nearest(word: str, known: Sequence[str]) -> str:
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=NEAR)), "")
