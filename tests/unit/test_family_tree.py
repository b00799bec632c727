"""The family tree: which layers images share, in text, JSON and as a picture."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run import Session
from abcd_run.host import xdg
from abcd_run.oci.store import Store
from abcd_run.report import family_svg, family_tree
from abcd_run.report.family_tree import Bar, Node
from abcd_run.session.layers import Layer, compared
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine
from tests.unit.oci.making import Tar, layout

Run = Callable[..., Ended]
Write = Callable[..., Path]


def test_what_is_shared_and_what_is_own() -> None:
    base, ic, ik = Layer("base", 100), Layer("ic", 10), Layer("ik", 1)
    whole = compared({"a-ic": (base, ic), "a-ik": (base, ik), "b-ic": (base, ic, Layer("b", 5))})
    first = whole["a-ic"]
    assert (first.shared, first.own) == (110, 0)
    assert first.shared_with == ("a-ik", "b-ic")
    assert [one.shared_with for one in first.layers] == [("a-ik", "b-ic"), ("b-ic",)]
    assert (whole["b-ic"].own, whole["a-ik"].own) == (5, 1)
    assert compared({}) == {}


@pytest.fixture
def stored(home: Path, write: Write) -> None:
    """Two images, the second of which builds on the first."""
    write("one", "[abcdic]\n[abcdik]")
    write("two", 'parent = "one"\nsummary = "the child"')
    store, common = Store(xdg.store()), Tar().file("base", b"base" * 1000).bytes()
    child = Tar().file("two", b"2")
    store.add(layout(home / "a", common, Tar().file("ic", b"1")), "abcdic-one")
    store.add(layout(home / "b", common, child), "abcdic-two")


def test_the_tree_in_words_and_as_json(stored: None, run: Run, engine: FakeEngine) -> None:
    text = run("images", "--tree").out
    assert "1 of 2 layers with abcdic-two" in text
    assert "1 of 2 layers with abcdic-one" in text
    listed = run("--json", "images", "--tree").json["images"]
    (one,) = (image for image in listed if image["name"] == "one")
    variant, machine = one["variants"]
    assert [layer["shared_with"] for layer in variant["layers"]] == [["abcdic-two"], []]
    assert variant["shared"] == variant["layers"][0]["size"]
    assert variant["own"] == variant["layers"][1]["size"]
    assert machine["layers"] is None
    assert "layers" not in run("--json", "images").json["images"][0]["variants"][0]


def test_the_picture(stored: None, run: Run, engine: FakeEngine) -> None:
    ended = run("images", "--tree", "--svg", "tree.svg")
    assert ended.status == 0, ended.err
    drawn = ET.parse("tree.svg")
    texts = {one.text for one in drawn.iter() if one.tag.endswith("}text")}
    assert {"one", "two", "abcdic-one", "abcdik-one", "abcd4demo", "the child"} <= texts
    assert run("images", "--svg", "/nosuch/tree.svg").status == 2


def test_what_each_adds(home: Path, write: Write) -> None:
    """A base to its parent's, and over it a variant to the other: nothing is counted twice."""
    write("one", "[abcdic]\n[abcdik]")
    write("two", 'parent = "one"')
    store = Store(xdg.store())
    layers = {name: Tar().file(name, name.encode() * 999).bytes() for name in "abcdefg"}
    for name, held in (
        ("ic-one", "abc"),
        ("ik-one", "abd"),
        ("ic-two", "abec"),
        ("ik-two", "abefd"),
    ):
        kind = f"abcd{name[:2]}-{name[3:]}"
        store.add(layout(home / name, *(layers[one] for one in held)), kind)
    with Session() as lab:
        images = {one.name: one for one in lab.images(layers=True).images}
    (one,) = (node for node in family_tree.nodes(images.values()) if node.name == "one")
    (two,) = one.children

    def sizes(variant: str) -> list[int]:
        return [layer.size for layer in images[variant[7:]].layers[variant].layers]

    first, second, third = sizes("abcdic-one")
    assert (one.adds, one.bars[0].adds, one.bars[1].adds) == (
        first + second,
        third,
        sizes("abcdik-one")[2],
    )
    assert (two.adds, two.bars[0].adds, two.bars[1].adds) == (
        sizes("abcdic-two")[2],
        0,
        sizes("abcdik-two")[3],
    )


def test_names_are_escaped_and_cut() -> None:
    nasty = '<script>alert("1")</script>&\x1b[2J\x07'
    node = Node("x" * 300, nasty, (Bar(nasty, "abcdic", 2),), (Node("child", "", ()),))
    text = family_svg.drawn([node])
    root = ET.fromstring(text)
    assert not [one for one in root.iter() if one.tag.endswith("script")]
    assert "\x1b" not in text
    assert "x" * 100 not in text


def test_no_image_at_all() -> None:
    ET.fromstring(family_svg.drawn([]))
