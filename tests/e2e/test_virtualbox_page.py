"""docs/virtualbox.md, typed as it stands, with a guest that an interpreted processor can boot."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run
from tests.engines_here import need
from tests.guests import tiny
from tests.walk import page

PAGE = Path(__file__).parents[2] / "docs" / "virtualbox.md"
NAME = "abcd4desktop-virtualbox-1"
SECONDS = 240
LEFT_OUT = {"shell", "-f", "display=window"}
"""A boot sector has no system inside; logs are followed until Ctrl-C; a window wants a display."""

pytestmark = pytest.mark.timeout(SECONDS * 2)


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An image called abcd4desktop that boots in seconds; its machines are removed."""
    need("virtualbox")
    folder = tiny.make(tmp_path / "guest")
    (folder / "tiny.toml").rename(folder / "abcd4desktop.toml")
    monkeypatch.setenv("ABCD_RUN_PROFILES", str(folder))
    yield
    names = [
        one["name"] for one in abcd_run("--json", "ps", "--on", "virtualbox").json["instances"]
    ]
    if ours := [name for name in names if name.startswith("abcd4desktop-")]:
        abcd_run("stop", *ours)


def lines() -> list[str]:
    """Return what the page's third section tells to type, in its order."""
    text = page.section(PAGE, "3. The desktop")
    typed = [*"".join(page.blocks(text)).split("\n"), *page.rows(text)]
    return [
        line.replace("NAME", NAME) for line in filter(None, typed) if not LEFT_OUT & {*line.split()}
    ]


@pytest.mark.usefixtures("desktop")
def test_the_page_works(tmp_path: Path) -> None:
    typed = lines()
    assert len(typed) > 6
    for line in typed:
        ended = subprocess.run(
            ["bash", "-euc", line],
            cwd=tmp_path,
            env={**os.environ, "BROWSER": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 0, f"{line}\n{ended.stdout}{ended.stderr}"
    assert (tmp_path / "screen.png").stat().st_size
