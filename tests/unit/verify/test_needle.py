"""Needles, and the pictures that are compared within them."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcd_run.errors import AbcdRunError, LaunchFailed, ProfileError
from abcd_run.verify import needle, picture
from abcd_run.verify.needle import Area, Needle
from tests.unit.fuzzing import examples
from tests.unit.verify import canned

CLOCK = Needle(excludes=(Area(260, 185, 60, 15),))


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "needle.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_needle_of_openqa(tmp_path: Path) -> None:
    area = {"xpos": 1, "ypos": 2, "width": 3, "height": 4}
    path = written(
        tmp_path,
        {
            "area": [
                {**area, "type": "match", "match": 90, "margin": 50},
                {**area, "type": "exclude"},
                {"width": 5, "height": 6},
            ],
            "properties": [],
            "tags": ["desktop"],
        },
    )
    read = needle.load(path)
    assert read.matches == (Area(1, 2, 3, 4, 90), Area(0, 0, 5, 6, 96))
    assert [area.box for area in read.excludes] == [(1, 2, 4, 6)]
    assert needle.joined([read, CLOCK]).excludes == (*read.excludes, *CLOCK.excludes)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("{", "not a JSON file"),
        ("[" * 100_000, "not a JSON file"),
        ("[]", "area: expected a list"),
        ({"area": []}, "area: expected a list"),
        ({"area": [7]}, r"area\[0\]: expected an object"),
        ({"area": [{"type": "ocr", "width": 1, "height": 1}]}, r"area\[0\].type: expected match"),
        ({"area": [{"width": 1}]}, r"area\[0\].height"),
        ({"area": [{"width": 1, "height": True}]}, r"area\[0\].height"),
        ({"area": [{"width": 1, "height": 1, "xpos": -1}]}, r"area\[0\].xpos"),
        ({"area": [{"width": 1, "height": 1, "match": 101}]}, r"area\[0\].match"),
    ],
)
def test_a_bad_needle(content: Any, key: str, tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=key) as caught:
        needle.load(written(tmp_path, content))
    assert str(tmp_path) in caught.value.message
    assert caught.value.remedy


def test_a_needle_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        needle.load(tmp_path / "none.json")
    with pytest.raises(ProfileError, match="more than 1 MiB"):
        needle.load(written(tmp_path, " " * (1 << 20) + "{}"))


KEYS = st.sampled_from(["area", "type", "xpos", "width", "height", "match"])
SOME = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@examples(40)
@given(SOME)
def test_no_needle_at_all_crashes(tmp_path: Path, content: Any) -> None:
    path = written(tmp_path, json.dumps(content))
    with suppress(ProfileError):
        needle.load(path)


# Pictures


def pictured(draw: Any = lambda _: None, **size: Any) -> Any:
    return picture.decoded(canned.png(draw, **size), "one")


def test_clocks_differ_and_are_masked() -> None:
    one, other = pictured(canned.clock("9:59")), pictured(canned.clock("12:00:00"))
    assert picture.alike(one, other, Needle()).share > 0
    assert picture.alike(one, other, CLOCK).share == 0


def test_another_wallpaper_is_no_tolerance() -> None:
    likeness = picture.alike(pictured(), pictured(canned.other_wallpaper), CLOCK)
    assert likeness.share > 10
    assert not likeness.same


def test_a_little_is_tolerated() -> None:
    dot = pictured(lambda one: one.paste((255, 0, 0), (0, 0, 10, 10)))
    assert 0 < picture.alike(pictured(), dot, Needle()).share < 0.2
    assert picture.alike(pictured(), dot, Needle()).same
    strict = Needle(matches=(Area(0, 0, 20, 20, 96),))
    assert picture.alike(pictured(), dot, strict).share == 25
    assert not picture.alike(pictured(), dot, strict).same
    elsewhere = Needle(matches=(Area(100, 100, 20, 20), Area(999, 999, 5, 5)))
    assert picture.alike(pictured(), dot, elsewhere).share == 0


def test_shades_do_not_count() -> None:
    shaded = pictured().point(lambda value: min(255, value + picture.NOTICEABLE))
    assert picture.alike(pictured(), shaded, Needle()).share == 0
    assert picture.alike(pictured(), shaded.point(lambda value: 255 - value), Needle()).share > 0


def test_a_screen_is_taken_until_it_rests() -> None:
    draws = [canned.other_wallpaper, canned.clock("1"), canned.clock(""), canned.clock("23")]
    pictures = iter([canned.png(draw) for draw in draws])
    taken = picture.settled(lambda: next(pictures), CLOCK, "one")
    assert picture.alike(taken, pictured(), CLOCK).share == 0
    assert len([*pictures]) == 1  # the second and the third were alike
    restless = (canned.png(draws[at % 2]) for at in range(99))
    picture.settled(lambda: next(restless), CLOCK, "one")
    assert len([*restless]) == 99 - picture.TRIES


@pytest.mark.parametrize("content", [b"", b"GIF89a", canned.png()[:99], b"\x89PNG\r\n\x1a\n" * 9])
def test_what_is_no_picture(content: bytes) -> None:
    with pytest.raises(LaunchFailed, match="cannot be compared") as caught:
        picture.decoded(content, "one")
    assert caught.value.remedy == "abcd-run screenshot one"


def test_a_picture_of_too_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "PIXELS", 320 * 200 - 1)
    with pytest.raises(LaunchFailed) as caught:
        picture.decoded(canned.png(), "one")
    assert "320x200 pixels" in caught.value.details


def test_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(AbcdRunError, match="Pillow is needed") as caught:
        picture.prove_library()
    assert caught.value.remedy.endswith("pip install 'abcd-run[verify]'")
