"""The parser of requests: words and ready values give the same result."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from abcd_run.errors import UsageError
from abcd_run.model import Share
from abcd_run.plan.arguments import Publish
from abcd_run.plan.request import Request, Wanted, parse


def test_words_and_values_come_to_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "own")
    (home / "work" / "p").write_text("a b\n")
    words = parse(
        "web", on=["podman,docker", "podman"], memory="1GiB", shares=["~/work:/mnt:ro"],
        publish=["web=8080", "ssh"], env=["A=b=c", "MINE"], password_file="p",
        keyboard="ch(fr),us", locale="fr_CH.UTF-8",
        set=["resources.cpus=2", "on.lxd.config={ a = 'b' }", "summary=plain"], command=["sh"],
    )  # fmt: skip
    values = parse(
        Path("web"), on=("podman", "docker"), memory="1GiB",
        shares=Share(home / "work", "/mnt", read_only=True),
        publish=[Publish("web", 8080), "ssh"], env={"A": "b=c", "MINE": "own"}, password="a b",
        keyboard="ch(fr),us", locale="fr_CH.UTF-8",
        set={"resources.cpus": 2, "on.lxd.config": {"a": "b"}, "summary": "plain"}, command="sh",
    )  # fmt: skip
    assert words == values
    assert words == Request(
        "web",
        on=("podman", "docker"),
        publish=(Publish("web", 8080), Publish("ssh")),
        shares=(Share(home / "work", "/mnt", read_only=True),),
        env={"A": "b=c", "MINE": "own"},
        password="a b",
        keyboard="ch(fr),us",
        locale="fr_CH.UTF-8",
        command=("sh",),
        changes={
            "resources": {"cpus": 2, "memory": "1GiB", "tab": "1GiB"},
            "on": {"lxd": {"config": {"a": "b"}}},
            "summary": "plain",
        },
    )


def test_short_ways() -> None:
    assert parse("x", publish={"web": 8080}) == parse("x", publish="web=8080")
    assert parse("x", publish=5432).publish == (Publish("5432"),)
    assert parse("x", shares=Path("/a:ro")).shares == (Share(Path("/a:ro"), "/mnt/a:ro"),)
    assert parse("x", memory=2**30).changes == {"resources": {"memory": 2**30, "tab": 2**30}}
    assert parse("x", set={"runtimes": ("lxd",)}).changes == {"runtimes": ["lxd"]}
    assert parse("x").on == ()


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"memory": "lots"}, "'lots'"),
        ({"memory": 0}, "'0'"),
        ({"cpus": float("nan")}, "--cpus nan"),
        ({"timeout": -1}, "--timeout -1"),
        ({"count": 0}, "--count 0"),
        ({"count": 1000}, "--count 1000"),
        ({"count": True}, "--count True"),
        ({"name": ""}, "name is empty"),
        ({"keyboard": ""}, "--keyboard ''"),
        ({"keyboard": "fr'"}, "not a layout"),
        ({"keyboard": "fr,"}, "not a layout"),
        ({"keyboard": "fr\n"}, "not a layout"),
        ({"keyboard": "x" * 100}, "not a layout"),
        ({"keyboard": "us,us,us,us,us"}, "not a layout"),
        ({"locale": "fr FR"}, "--locale 'fr FR'"),
        ({"locale": "../x"}, "--locale '../x'"),
        ({"pull": "sometimes"}, "--pull sometimes"),
        ({"on": ","}, "names no runtime"),
        ({"publish": [Publish("web", 70000)]}, "70000"),
        ({"publish": {"web": 80, "ssh": 80}}, "port 80 is given twice"),
        ({"shares": ["a:b"]}, "not an absolute path"),
        ({"env": {"A": 1}}, "--env A: 1 is not text"),
        ({"set": {"a..b": 1}}, "expected KEY=VALUE"),
        ({"set": {"resources": 5}, "cpus": 1}, "a plain value, not a table"),
        ({"password": "a\nb"}, "one line of printable"),
        ({"password": ""}, "one line of printable"),
    ],
)
def test_what_makes_no_sense_is_refused(wanted: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse("web", **wanted)
    assert says in caught.value.message
    assert caught.value.remedy


def test_the_wishes_are_those_that_the_parser_reads() -> None:
    image, *others = inspect.signature(parse).parameters
    assert [image, *Wanted.__annotations__] == ["image", *others]


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(parse("web", password="secret"))
