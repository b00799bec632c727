"""Options of runtimes: declared once, checked before anything is asked, and told in the docs."""

from pathlib import Path

import pytest

from abcd_run import schema
from abcd_run.errors import ProfileError
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.runtime import Backend, Option
from abcd_run.testing.fake import FakeEngine
from tests.unit.conftest import Run

DOCS = Path(__file__).parents[2] / "docs" / "runtimes.md"
BEGIN, END = "<!-- options: begin -->\n", "<!-- options: end -->\n"
BUILT_IN = ("podman", "docker", "lxd", "libvirt", "virtualbox", "browser", "kubernetes")
KINDS = {str: "string", bool: "true/false", list: "list", int: "whole number", dict: "table"}


def backends() -> list[Backend]:
    registry = Registry.installed()
    loaded = [registry.backend(name) for name in BUILT_IN]
    return [one for one in loaded if isinstance(one, Backend)]


def row(runtime: str, key: str, option: Option) -> str:
    kind = KINDS[option.kind] if isinstance(option.kind, type) else option.kind.expected
    values = ", ".join(f"`{one}`" for one in option.values) or kind
    return f"| `on.{runtime}.{key}` | {values} | {option.default} | {option.help} |\n"


def test_every_option_stands_in_the_docs() -> None:
    """What is between the two marks is generated: replace it by what this test expects."""
    all_of_them = backends()
    assert [one.name for one in all_of_them] == list(BUILT_IN)
    rows = [
        row(one.name, key, option) for one in all_of_them for key, option in one.options.items()
    ]
    table = "".join(["| key | values | default | |\n|---|---|---|---|\n", *rows])
    assert DOCS.read_text().partition(BEGIN)[2].partition(END)[0] == table


def test_every_default_is_one_of_the_values() -> None:
    for backend in backends():
        for key, option in backend.options.items():
            assert option.help, key
            assert not option.values or option.values[0] == option.default, key


def test_an_unknown_word_is_named_with_the_known_ones() -> None:
    for backend in backends():
        shape = {key: option.rule for key, option in backend.options.items()}
        for key in (key for key, option in backend.options.items() if option.values):
            with pytest.raises(ProfileError, match=f"on.{key}: expected one of") as caught:
                schema.check({key: "x"}, shape, where="here", path="on.")
            assert caught.value.remedy


@pytest.mark.parametrize("cpu", ["Nehalem,+vmx", "-x", "a b", "", "x\n", "a=b"])
def test_what_is_no_model_of_a_processor(cpu: str) -> None:
    (libvirt,) = (one for one in backends() if one.name == "libvirt")
    with pytest.raises(schema.Wrong):
        libvirt.options["cpu"].rule.read(cpu)


def test_a_wrong_value_is_refused_before_the_runtime_is_asked(
    engine: FakeEngine, web: Path, run: Run
) -> None:
    engine.options = {"speed": Option(str, "how fast", "slow", ("slow", "fast"))}
    ended = run("--set", "on.fake.speed=warp", "web")
    assert ended.status == 2
    assert "on.fake.speed: expected one of slow, fast, found 'warp'" in ended.err
    assert "probe" not in engine.calls
    with Fleet(Registry.installed()):
        assert run("--set", "speed=fast", "web").status == 0
