"""One image on four runtimes at once: four desktops, and all of them look the same."""

from itertools import combinations
from pathlib import Path

from PIL import Image

from tests.e2e.desktop.looking import (
    FIRST,
    RUNTIMES,
    SLOW,
    Document,
    colours,
    difference,
    inside,
    picture,
)

pytestmark = SLOW

SAME = 0.01
"""The fraction of the screen that may differ: the pointer, the host's name."""


def test_all_are_ready_at_once(desktops: dict[str, Document]) -> None:
    assert sorted(desktops) == sorted(RUNTIMES)
    for one in desktops.values():
        assert one["stage"] == "ready"
        assert one["host_root"] != 0
    assert len({one["password"] for one in desktops.values()}) == len(RUNTIMES)


def test_they_look_the_same(desktops: dict[str, Document], artifacts: Path) -> None:
    pictures = {name: picture(one, artifacts / f"{name}.png") for name, one in desktops.items()}
    _side_by_side(pictures).save(artifacts / "four.png")
    for image in pictures.values():
        assert image.size == FIRST
        assert colours(image) > 100
    for one, other in combinations(pictures, 2):
        assert difference(pictures[one], pictures[other]) < SAME, f"{one} and {other}"


def test_nobodys_session_is_roots(desktops: dict[str, Document]) -> None:
    """Window manager and terminal run as the person."""
    for one in desktops.values():
        owners = inside(one, "stat -c '%U %N' /proc/[0-9]*/exe 2>/dev/null")
        programs = [line for line in owners.splitlines() if "icewm" in line or "xterm" in line]
        assert programs, owners
        assert {line.split()[0] for line in programs} == {"abcd"}


def _side_by_side(pictures: dict[str, Image.Image]) -> Image.Image:
    width, height = FIRST
    whole = Image.new("RGB", (2 * width + 24, 2 * height + 24), "white")
    for number, name in enumerate(RUNTIMES):
        left, top = (number % 2) * (width + 24), (number // 2) * (height + 24)
        whole.paste(pictures[name], (left, top))
    return whole.resize((whole.width // 2, whole.height // 2), Image.Resampling.LANCZOS)
