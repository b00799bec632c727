"""Needles: which parts of a picture are compared, in the format of openQA.

Of a needle's file only the areas count: `match` (what is compared) and `exclude` (what is not), in
pixels. Tags and margins are for finding a picture, which is not done here.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abcd_run.errors import ProfileError
from abcd_run.limits import TEXT_BYTES

AREAS, LARGEST = 1000, 1 << 16
USUAL_MATCH = 96.0
"""Per cent of the pixels that must be equal in a `match` area that does not say it: openQA's."""

WHOLE_MATCH = 99.5
"""Per cent of the pixels that must be equal where no needle names an area."""

TYPES = ("match", "exclude", "ocr")


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in pixels; `match` is the share of equal pixels that is enough, in per cent."""

    x: int
    y: int
    width: int
    height: int
    match: float = USUAL_MATCH

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom."""
        return self.x, self.y, self.x + self.width, self.y + self.height


@dataclass(frozen=True, slots=True)
class Needle:
    """The areas to compare, none meaning the whole picture, and those to leave out."""

    matches: tuple[Area, ...] = ()
    excludes: tuple[Area, ...] = ()


WHOLE = Needle()
"""The whole picture."""


def load(path: Path) -> Needle:
    """Return the needle in a file. Raises `ProfileError`, which names the file and the key."""
    document = _document(path)
    areas = document.get("area") if isinstance(document, dict) else None
    if not isinstance(areas, list) or not areas or len(areas) > AREAS:
        raise _wrong(path, "area", f"a list of 1 to {AREAS} areas")
    read = [
        (_type(path, place, area), _area(path, place, area)) for place, area in enumerate(areas)
    ]
    return Needle(
        tuple(area for kind, area in read if kind == "match"),
        tuple(area for kind, area in read if kind == "exclude"),
    )


def joined(needles: list[Needle]) -> Needle:
    """Return one needle with the areas of all."""
    return Needle(
        tuple(area for one in needles for area in one.matches),
        tuple(area for one in needles for area in one.excludes),
    )


def read_bounded(path: Path) -> str:
    """Return a file of a profile as text. Raises `ProfileError`."""
    try:
        with path.open("rb") as file:
            content = file.read(TEXT_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise ProfileError(
            f"{path}: cannot be read: {error.strerror}", remedy=f"ls -l {path}"
        ) from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path}: not UTF-8", remedy=f"fix {path}") from error
    if len(content) > TEXT_BYTES:
        raise ProfileError(f"{path}: more than 1 MiB", remedy=f"fix {path}")
    return text


def _document(path: Path) -> Any:
    try:
        return json.loads(read_bounded(path))
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"{path}: not a JSON file: {error}", remedy=f"fix {path}") from error


def _type(path: Path, place: int, area: Any) -> str:
    if not isinstance(area, dict):
        raise _wrong(path, f"area[{place}]", "an object")
    kind = area.get("type", "match")
    if kind not in TYPES or kind == "ocr":
        raise _wrong(path, f"area[{place}].type", "match or exclude")
    return str(kind)


def _area(path: Path, place: int, area: dict[str, Any]) -> Area:
    where = f"area[{place}]"
    x, y = (_number(path, f"{where}.{key}", area.get(key, 0), 0) for key in ("xpos", "ypos"))
    width, height = (
        _number(path, f"{where}.{key}", area.get(key), 1) for key in ("width", "height")
    )
    match = area.get("match", USUAL_MATCH)
    if isinstance(match, bool) or not isinstance(match, int | float) or not 0 < match <= 100:  # noqa: PLR2004
        raise _wrong(path, f"{where}.match", "a number above 0, at most 100")
    return Area(x, y, width, height, float(match))


def _number(path: Path, key: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < LARGEST:
        raise _wrong(path, key, f"a whole number of pixels from {least} on")
    return value


def _wrong(path: Path, key: str, expected: str) -> ProfileError:
    return ProfileError(
        f"{path}: {key}: expected {expected}", remedy=f"give {key} as {expected} in {path}"
    )
