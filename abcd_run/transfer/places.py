"""Where to copy from and to: `NAME:PATH` inside an instance, or a path of this host."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from abcd_run.errors import UsageError

NO_NAME = ("", ".", "..")


@dataclass(frozen=True, slots=True)
class Place:
    """A path, of an instance if it has a `name`."""

    path: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.path}" if self.name else self.path


def read(word: str) -> Place:
    """Read a word as scp does: `NAME:PATH`, unless a slash precedes the first colon."""
    name, colon, path = word.partition(":")
    if not colon or not name or "/" in name:
        return Place(word)
    return Place(path, name)


def sides(words: Sequence[str]) -> tuple[list[Place], Place]:
    """Read `SRC… DEST`, of which one side is in an instance. Raises `UsageError`."""
    *sources, to = [read(word) for word in words]
    remedy = "abcd-run cp FILE… NAME:FOLDER, or abcd-run cp NAME:FILE… FOLDER"
    if not sources:
        raise UsageError("there is nothing to copy, or nowhere to copy it to", remedy=remedy)
    inside = {bool(one.name) for one in sources}
    if inside != {not to.name}:
        message = "one side must be in an instance: NAME:PATH"
        if to.name and True in inside:
            message = "nothing is copied from instance to instance"
            remedy = "copy it to this host first; a path with a colon needs ./ in front"
        raise UsageError(message, remedy=remedy)
    return sources, to


def inside(path: str) -> str:
    """Return a path for a shell inside: absolute, or below the home as `./PATH`.

    So it never begins with a dash, and has a slash. Raises `UsageError`.
    """
    if "\0" in path:
        raise UsageError("a path cannot contain a NUL", remedy="name another path")
    if path.startswith("/"):
        return "/" + path.strip("/")
    return "./" + path.removeprefix("./").rstrip("/")


def means_folder(path: str) -> bool:
    """Say whether a path can only be a folder, by its last character or word."""
    return path.endswith("/") or path.rpartition("/")[2] in NO_NAME


def last_name(path: str) -> str:
    """Return a path's last name; empty if it names a folder without saying what it is called."""
    name = path.rstrip("/").rpartition("/")[2]
    return "" if name in NO_NAME else PurePosixPath(name).name


def above(path: str) -> str:
    """Return the folder that a path inside is in, for a command there; without one, the home."""
    return inside(path).rstrip("/").rpartition("/")[0] or "/"
