"""Compare pictures of screens: decoded with limits, masked, within a tolerance."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from abcd_run.errors import AbcdRunError, LaunchFailed
from abcd_run.host import this_python
from abcd_run.verify.needle import WHOLE_MATCH, Area, Needle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL.Image import Image

PIXELS = 64 << 20
"""Of one picture: 8192 by 8192."""

NOTICEABLE = 40
"""By how much of 255 a pixel's red, green or blue must differ to count: screens dither."""

TRIES = 8
"""How many pictures of a screen are taken until two in a row are equal."""

FULL = 100.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much two pictures differ: the largest share in per cent, and whether that is too much."""

    share: float
    same: bool


def decoded(png: bytes, name: str) -> Image:
    """Return a picture in RGB. Raises `LaunchFailed` if it is none or too large."""
    library = _library()
    try:
        with library.open(io.BytesIO(png), formats=("PNG",)) as opened:
            if opened.width * opened.height > PIXELS:
                raise _unusable(name, f"{opened.width}x{opened.height} pixels are too many")
            picture: Image = opened.convert("RGB")
            return picture
    except (OSError, ValueError, SyntaxError, library.DecompressionBombError) as error:
        raise _unusable(name, f"it is not a PNG: {error}") from error


def settled(take: Callable[[], bytes], needle: Needle, name: str) -> Image:
    """Take pictures until two in a row are alike, and return the last one.

    A screen that never rests is compared as it is in the end.
    """
    last = decoded(take(), name)
    for _ in range(TRIES - 1):
        before, last = last, decoded(take(), name)
        if before.size == last.size and alike(before, last, needle).share == 0:
            break
    return last


def alike(one: Image, other: Image, needle: Needle) -> Likeness:
    """Compare two pictures of the same size, within the areas of a needle."""
    differing = difference(one, other, needle)
    whole = Area(0, 0, *one.size, WHOLE_MATCH)
    shares = [(_share(differing, area), area) for area in needle.matches or (whole,)]
    same = all(share <= FULL - area.match for share, area in shares)
    return Likeness(max(share for share, _ in shares), same)


def difference(one: Image, other: Image, needle: Needle) -> Image:
    """Return a picture that is white where two differ noticeably and nothing excludes it."""
    from PIL import ImageChops  # noqa: PLC0415  (an extra)

    most = _brightest(ImageChops.difference(one, other))
    marked = most.point(lambda value: 255 if value > NOTICEABLE else 0)
    for area in needle.excludes:
        marked.paste(0, area.box)
    return marked


def _brightest(picture: Image) -> Image:
    from PIL import ImageChops  # noqa: PLC0415  (an extra)

    red, green, blue = picture.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _share(marked: Image, area: Area) -> float:
    """Return the share of an area that is white, in per cent; nothing of it may be left."""
    left, top, right, bottom = area.box
    box = (left, top, min(right, marked.width), min(bottom, marked.height))
    if box[0] >= box[2] or box[1] >= box[3]:
        return 0.0
    part = marked.crop(box)
    return FULL * part.histogram()[255] / (part.width * part.height)


def shown(one: Image, marked: Image) -> Image:
    """Return a picture, darkened, with what differs in red."""
    dark = one.point(lambda value: value // 3)
    dark.paste((255, 40, 40), (0, 0, *marked.size), marked)
    return dark


def reference(pictures: Mapping[str, Image], needle: Needle) -> str:
    """Return the name of the picture that most others are like; the first of several."""

    def like(name: str) -> int:
        own = pictures[name]
        others = [one for one in pictures.values() if one.size == own.size]
        return sum(alike(own, one, needle).same for one in others)

    return max(pictures, key=like)


def against(
    pictures: Mapping[str, Image], chosen: str, needle: Needle
) -> Mapping[str, Likeness | None]:
    """Compare pictures with the chosen one; None for one of another size."""
    own = pictures[chosen]
    return {
        name: alike(own, one, needle) if one.size == own.size else None
        for name, one in pictures.items()
    }


def prove_library() -> None:
    """Raise `AbcdRunError` if pictures cannot be read here."""
    _library()


def _library() -> Any:
    try:
        from PIL import Image  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise AbcdRunError(
            "to compare pictures, the Python package Pillow is needed",
            remedy=this_python.install("abcd-run[verify]"),
        ) from error
    return Image


def _unusable(name: str, why: str) -> LaunchFailed:
    return LaunchFailed(
        f"the picture of {name}'s screen cannot be compared",
        details=why,
        remedy=f"abcd-run screenshot {name}",
    )
