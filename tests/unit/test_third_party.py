"""A package of somebody else's: own runtime, format and kind of readiness, launched as ours are."""

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.testing.fake import FakeEngine
from tests.unit.conftest import Run, Write

PACKAGE = Path(__file__).parents[1] / "third_party"
IMAGE = """
[abcdib]
image = "registry.example/abcdib4pet:1"
[ready]
kind = "hatched"
options = { looks = 3 }
"""


@pytest.fixture
def parrot(
    plugins: Callable[..., Path], home: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Install the package as pip would, as far as anybody looks at that."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    info = home / "site" / f"abcd_run_parrot-{project['version']}.dist-info"
    info.mkdir(parents=True)
    groups = project["entry-points"].items()
    (info / "entry_points.txt").write_text(
        "\n".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in groups
        )
    )
    monkeypatch.syspath_prepend(info.parent)
    monkeypatch.syspath_prepend(PACKAGE)
    for name in [one for one in sys.modules if one.startswith("abcd_run_parrot")]:
        monkeypatch.delitem(sys.modules, name)
    write("pet", IMAGE)


@pytest.mark.usefixtures("parrot")
def test_it_is_launched_shown_and_stopped(run: Run) -> None:
    ended = run("--json", "pet")
    assert ended.status == 0, ended.err
    (instance,) = ended.json["instances"]
    assert (instance["name"], instance["runtime"], instance["stage"]) == (
        "pet-parrot-1",
        "parrot",
        "ready",
    )
    assert instance["variant"] == "abcdib-pet"
    assert instance["host_root"] is None
    url = "https://pet-parrot-1.example/"
    assert instance["endpoints"] == [{"service": "page", "protocol": "https", "url": url}]
    shown = run("show", "pet-parrot-1").out
    assert url in shown
    assert "inside is in a sandbox" in shown
    assert run("stop", "pet-parrot-1").status == 0
    assert run("--json", "ps").json["instances"] == []


@pytest.mark.usefixtures("parrot")
def test_its_format_is_written(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "pet.egg"
    assert run("artifact", "pet", "--to", "egg", "-o", str(out)).status == 0
    assert out.read_text() == "egg of abcdib-pet\n"
    refused = run("artifact", "pet", "--to", "eg", "-o", str(out))
    assert refused.status == 2
    assert "did you mean egg" in refused.err


@pytest.mark.usefixtures("parrot")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["--set", "ready.kind=hatchd"], "did you mean hatched"),
        (["--set", "ready.options.loks=3"], "ready.options.loks: unknown key"),
        (["--set", "on.parrot.colour=blue"], "expected one of green, red"),
        (["--share", "."], "parrots share nothing"),
    ],
)
def test_what_is_wrong_is_refused(changes: list[str], said: str, run: Run) -> None:
    ended = run(*changes, "pet")
    assert ended.status == 2
    assert said in ended.err


def test_none_of_it_is_imported_by_others(
    engine: FakeEngine, parrot: None, web: Path, run: Run
) -> None:
    assert run("--on", "fake", "web").status == 0
    assert {"abcd_run_parrot.egg", "abcd_run_parrot.hatched"}.isdisjoint(sys.modules)
