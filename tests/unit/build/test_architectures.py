"""What is built for another architecture than this host's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.model import Kind
from abcd_run.oci.layers import open_layer
from abcd_run.plugins.fleet import Fleet
from tests.unit.build.builder import built

Write = Callable[..., Path]


def test_a_browsers_variant_is_made_from_the_same_recipe_for_its_architecture(
    family: Path,
    write: Write,
    fleet: Fleet,
    made: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is shared with the others but files, which are the same everywhere."""
    monkeypatch.setenv("ABCD_RUN_ARCHITECTURE", "somebody's own")
    prepare = family / "base" / "prepare"
    prepare.write_text(prepare.read_text().replace("$PWD", "${ABCD_RUN_ARCHITECTURE-this}"))
    (family / "abcdib" / "files").mkdir(parents=True)
    (family / "abcdib" / "files" / "tab").write_text("shown")
    write("parent", "[abcdic]\n[abcdib]")
    container, browser = built("parent", fleet, (Kind.CONTAINER, Kind.BROWSER))
    assert browser.config.architecture == "386"
    assert container.config.architecture != "386"
    said = [open_layer(one, one.layers[0]).read(1 << 20) for one in (container, browser)]
    assert b"this\n" in said[0]
    assert b"i386\n" in said[1]
    assert len(made) == 4
    built("parent", fleet, (Kind.BROWSER, Kind.CONTAINER))
    assert len(made) == 4
