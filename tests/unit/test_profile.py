"""Sizes, shapes, profiles and the catalogue: what is inherited, and what exactly is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from abcd_run import limits, schema
from abcd_run.errors import ArtifactError, ProfileError, UsageError
from abcd_run.images import profile
from abcd_run.images.catalogue import Catalogue, Unreadable
from abcd_run.images.profile import Profile, Variant
from abcd_run.model import Kind, Ready, Resources, Service
from abcd_run.units import format_size, parse_size

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("1024", 1024),
        ("1k", 2**10),
        ("2GiB", 2**31),
        ("2g", 2**31),
        ("2 G", 2**31),
        (" 2gib ", 2**31),
        ("2GB", 2 * 10**9),
        ("1.5GiB", 3 * 2**29),
        ("512MiB", 2**29),
        ("1tib", 2**40),
        ("7b", 7),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "0", "0.4", "-1", "1PiB", "GiB", "1 2", "1,5GiB", "1e3", "nan", "9" * 20]
)
def test_no_sizes(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (2**31, "2 GiB"), (3 * 2**29, "1.5 GiB")]
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert format_size(size) == text


SHAPE: schema.Shape = {
    "name": schema.STRING,
    "deep": {"number": schema.NUMBER},
    "named": schema.Named({"port": schema.PORT}),
    "listed": schema.Listed({"words": schema.STRINGS}),
}


def test_schema_reads_values() -> None:
    given = {"deep": {"number": 2}, "named": {"a": {"port": 1}}, "listed": [{"words": ["x"]}]}
    read = schema.check(given, SHAPE, where="here")
    assert read == {**given, "listed": [{"words": ("x",)}]}


@pytest.mark.parametrize(
    ("given", "message", "remedy"),
    [
        ({"nmae": 1}, "f: nmae: unknown key, expected one of deep, listed, name, named",
         "did you mean name or named?"),
        ({"xyz": 1}, "f: xyz: unknown key, expected one of deep, listed, name, named",
         "remove it"),
        ({"name": 1}, "f: name: expected a string of one line, found 1",
         "give name as a string of one line"),
        ({"deep": {"numbr": 1}}, "f: deep.numbr: unknown key, expected one of deep.number",
         "did you mean deep.number?"),
        ({"named": {"a": {"port": 99999}}},
         "f: named.a.port: expected a port from 1 to 65535, found 99999",
         "give named.a.port as a port from 1 to 65535"),
        ({"listed": [{}, {"words": "x"}]},
         "f: listed[1].words: expected a list of strings, found 'x'",
         "give listed[1].words as a list of strings"),
    ],
)  # fmt: skip
def test_schema_says_what_is_wrong(given: Any, message: str, remedy: str) -> None:
    with pytest.raises(ProfileError) as caught:
        schema.check(given, SHAPE, where="f")
    assert (caught.value.message, caught.value.remedy) == (message, remedy)


@pytest.mark.parametrize(
    ("image", "kind", "variant"),
    [
        ("abcd4desktop", Kind.CONTAINER, "abcdic4desktop"),
        ("abcd4desktop", Kind.LIVE, "abcdik4desktop"),
        ("abcd", Kind.BROWSER, "abcdib"),
        ("web", Kind.CONTAINER, "abcdic-web"),
    ],
)
def test_variant_names_lead_there_and_back(image: str, kind: Kind, variant: str) -> None:
    assert profile.variant_name(image, kind) == variant
    assert profile.variant_of(variant) == (image, kind)
    assert profile.variant_of(image) is None


ROOT = """
summary = "root"
user = "abcd"
runtimes = ["podman"]
[abcdic]
image = "registry.example/root:1"
[resources]
memory = "1GiB"
cpus = 2
[services.web]
port = 80
protocol = "http"
[ready]
service = "web"
timeout = 30
[[verify]]
name = "a"
command = ["true"]
[on.lxd]
config = { a = "1", b = "2" }
"""
CHILD = """
parent = "root"
summary = "child"
runtimes = ["docker", "lxd"]
[abcdik]
iso = "live.iso"
[resources]
memory = "2GiB"
[services.web]
path = "/desktop"
[services.ssh]
port = 22
[on.lxd]
config = { b = "3" }
"""


@pytest.fixture
def usual(write: Write) -> Catalogue:
    write("root", ROOT)
    write("child", CHILD)
    write("grandchild", 'parent = "child"\n[ready]\nconsole = "^up"')
    return Catalogue.usual()


def test_a_profile(usual: Catalogue, home: Path) -> None:
    image = usual.profile("root")
    assert image.variants == (Variant(Kind.CONTAINER, "abcdic-root", "registry.example/root:1"),)
    assert image.resources == Resources(memory=2**30, cpus=2.0)
    assert image.ready == Ready("web", timeout=30)
    assert image.services == (Service("web", 80, "http"),)
    assert image.origin == str(home / ".config/abcd-run/profiles/root.toml")
    assert (image.verify[0].name, image.verify[0].command) == ("a", ("true",))
    assert image.parents == ()


def test_what_is_not_set_comes_from_the_parent(usual: Catalogue, home: Path) -> None:
    image = usual.profile("child")
    assert (image.summary, image.user, image.parents) == ("child", "abcd", ("root",))
    assert image.runtimes == ("docker", "lxd")
    assert image.resources == Resources(memory=2**31, cpus=2.0)
    assert image.services == (Service("web", 80, "http", "/desktop"), Service("ssh", 22))
    assert [variant.name for variant in image.variants] == ["abcdic-child", "abcdik-child"]
    assert image.variants[1].iso == str(home / ".config/abcd-run/profiles/live.iso")
    assert image.on == {"lxd": {"config": {"a": "1", "b": "3"}}}


def test_who_waits_for_the_console_does_not_wait_for_the_parents_service(usual: Catalogue) -> None:
    image = usual.profile("grandchild")
    assert image.ready == Ready(console="^up", timeout=30)
    assert image.parents == ("child", "root")
    assert usual.profile("grandchild", {"ready": {"service": "ssh"}}).ready == Ready(
        "ssh", timeout=30
    )


def test_changes_for_one_launch_win(usual: Catalogue) -> None:
    changes = {"resources": {"memory": "3GiB"}, "services": {"web": {"port": 81}}}
    image = usual.profile("child", changes)
    assert image.resources.memory == 3 * 2**30
    assert image.services[0] == Service("web", 81, "http", "/desktop")
    assert usual.profile("child").services[0].port == 80


def test_a_file_may_begin_with_a_byte_order_mark(write: Write) -> None:
    path = write("marked", "")
    path.write_bytes(b"\xef\xbb\xbfsummary = 'x'\n")
    assert Catalogue.usual().read(path).summary == "x"


def test_remote_isos_stay_remote(write: Write) -> None:
    path = write("remote", "[abcdik]\niso = 'https://example.org/a.iso'")
    assert Catalogue.usual().read(path).variants[0].iso == "https://example.org/a.iso"


def test_folders_are_searched_in_the_designs_order(
    home: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = home / "first", home / "second", home / "third"
    monkeypatch.setenv("ABCD_RUN_PROFILES", f"{second}::{third}")
    for place in (first, second, third, None):
        write("abcd4demo", f"summary = '{place.name if place else 'own'}'", folder=place)
    folders = [first, second, third, home / ".config/abcd-run/profiles"]
    assert list(Catalogue.usual(first).folders[:5]) == [*folders, Path("/etc/abcd-run/profiles")]
    for folder, summary in zip(folders, ("first", "second", "third", "own"), strict=True):
        assert Catalogue.usual(first).profile("abcd4demo").summary == summary
        (folder / "abcd4demo.toml").unlink()
    assert Catalogue.usual(first).profile("abcd4demo").summary.startswith("Demo")


def test_parents_are_looked_for_beside_the_profile_first(home: Path, write: Write) -> None:
    write("parent", "summary = 'own'")
    write("parent", "summary = 'beside'", folder=home / "other")
    path = write("some", "parent = 'parent'", folder=home / "other")
    assert Catalogue.usual().read(path).summary == "beside"


@pytest.mark.parametrize(
    ("files", "message", "remedy"),
    [
        ({"a": "parent = 'a'"}, "parent: a cycle: a → a",
         "change parent in one of a"),
        ({"a": "parent = 'b'", "b": "parent = 'c'", "c": "parent = 'b'"},
         "parent: a cycle: b → c → b",
         "change parent in one of a, b, c"),
        ({"a": "parent = 'bb'", "bbb": ""},
         "parent: no profile 'bb', expected the name of another image", "did you mean bbb?"),
        ({"a": "parent = 'zzzzz'"},
         "parent: no profile 'zzzzz', expected the name of another image", "abcd-run images"),
    ],
)  # fmt: skip
def test_parents_that_cannot_be(
    files: dict[str, str], message: str, remedy: str, write: Write
) -> None:
    for name, text in files.items():
        write(name, text)
    with pytest.raises(ProfileError) as caught:
        Catalogue.usual().profile("a")
    assert caught.value.message.partition(".toml: ")[2] == message
    assert caught.value.remedy == remedy


def test_an_error_names_the_parents_file_where_it_is_the_parents(write: Write) -> None:
    write("a", "parent = 'b'")
    write("b", "nosuch = 1")
    with pytest.raises(ProfileError, match=r"b\.toml: nosuch"):
        Catalogue.usual().profile("a")


def test_unreadable_profiles_are_listed_beside_the_others(write: Write) -> None:
    write("broken", "nosuch = 1")
    write("well", "")
    write("Not A Name", "")
    listed = {one.name: one for one in Catalogue.usual().all()}
    assert isinstance(listed["broken"], Unreadable)
    assert isinstance(listed["well"], Profile)
    assert "Not A Name" not in listed


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("wbe", "did you mean web"),
        ("abcdic-wbe", "abcdic-web"),
        ("abcd4deskto", "abcd4desktop"),
        ("qqqqqq", "abcd-run images"),
    ],
)
def test_unknown_images(word: str, remedy: str, catalogue: Catalogue) -> None:
    with pytest.raises(ArtifactError) as caught:
        catalogue.profile(word)
    assert remedy in caught.value.remedy
    assert "abcd4demo" in caught.value.details


@pytest.mark.parametrize("name", ["abcd", "abcd4demo", "abcd4desktop"])
def test_the_profiles_that_come_with_abcd_run_are_right(name: str, home: Path) -> None:
    image = Catalogue.usual().profile(name)
    assert image.summary
    assert image.resources.memory
    tab = {Kind.BROWSER} if name == "abcd4demo" else set()
    assert {variant.kind for variant in image.variants} == {Kind.CONTAINER, Kind.LIVE} | tab


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (r'summary = "a\u001b[2Jb"', "summary"),
        (r'summary = "a\nb"', "summary"),
        (r'summary = "a\u202eb"', "summary"),
        (r'user = "abcd\n"', "user"),
        (r'parent = "x\u0000"', "parent"),
        ('runtimes = ["a\\nb"]', "runtimes"),
        ('[screen]\ncommand = ["a\\u001b"]', "screen.command"),
        ('[[verify]]\nname = "a\\rb"\ncommand = ["x"]', r"verify\[0\].name"),
        ('[[verify]]\nname = "a"\ncommand = ["x\\u0000"]', r"verify\[0\].command"),
        ('[services."we\\nb"]\nport = 80', "services"),
        ('[services."we=b"]\nport = 80', "services"),
        ('[services."--web"]\nport = 80', "services"),
        ('[services.web]\nport = 80\npath = "/\\u001b"', "services.web.path"),
        ('[ready]\nconsole = "a\\u0007"', "ready.console"),
        ("[ready]\nconsole = '" + "a" * 300 + "'", "ready.console"),
        ("[ready]\nconsole = '" + "(" * 200 + ")" * 56 + "'", "ready.console"),
        ("[ready]\nconsole = 'a{99999999999}'", "ready.console"),
        ('[abcdic]\narchive = "a\\nb"', "abcdic.archive"),
        ('"a\\nb" = 1', "a"),
    ],
)
def test_no_value_moves_the_cursor_or_ends_a_line(text: str, key: str, write: Write) -> None:
    path = write("x", text)
    with pytest.raises(ProfileError, match=key) as caught:
        Catalogue.usual().read(path)
    assert not schema.CONTROL.search(caught.value.message)
    assert len(caught.value.message) < 1000


def test_a_command_may_be_a_script_of_several_lines(write: Write) -> None:
    text = '[[verify]]\nname = "a"\ncommand = ["sh", "-c", "a\\n\\tb"]'
    assert Catalogue.usual().read(write("x", text)).verify[0].command[-1] == "a\n\tb"


def test_files_of_checks_are_beside_the_profile(write: Write, tmp_path: Path) -> None:
    text = "[[verify]]\ngoss = 'a/goss.yaml'\n[[verify]]\nname = 'n'\nneedle = '/n.json'"
    parent = write("parent", text, folder=tmp_path / "else")
    write("x", "parent = 'parent'", folder=tmp_path / "else")
    image = Catalogue((tmp_path / "else",)).profile("x")
    assert [(one.name, one.goss, one.needle) for one in image.verify] == [
        ("goss.yaml", parent.parent / "a" / "goss.yaml", None),
        ("n", None, Path("/n.json")),
    ]


def test_a_profile_is_no_larger_than_any_text(write: Write) -> None:
    with pytest.raises(ProfileError, match=r"x\.toml: more than 1 MiB"):
        Catalogue.usual().read(write("x", "#" * (limits.TEXT_BYTES + 1)))
