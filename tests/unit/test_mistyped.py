"""A first word of other programs is a command of theirs only where no image is called so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine
from tests.unit.conftest import WEB

Run = Callable[..., Ended]


@pytest.mark.parametrize("word", ["run", "rm", "help"])
def test_an_image_may_be_called_so(
    word: str, engine: FakeEngine, write: Callable[..., Path], run: Run
) -> None:
    write(word, WEB)
    assert run(word).status == 0
    assert run(word, "--", "ls").status == 0
    assert "'ls' is another" in run(word, "ls").err


def test_a_file_may_be_meant(engine: FakeEngine, run: Run) -> None:
    Path("run").touch()
    assert "abcd-run ./run, if you mean the file here" in run("run").err


def test_a_profile_in_another_folder_is_heeded(
    engine: FakeEngine, write: Callable[..., Path], home: Path, run: Run
) -> None:
    write("run", WEB, folder=home / "more")
    assert run("run").status == 4
    assert run("--profiles", str(home / "more"), "run").status == 0


def test_what_runs_inside_is_what_was_typed(engine: FakeEngine, web: Path, run: Run) -> None:
    """Its options are its own behind `--`; a command without options needs none."""
    assert run("web").status == 0
    for words, printed in (
        (("--", "/bin/echo", "-e", "--json", "x"), "--json x\n"),
        (("/bin/echo",), "\n"),
        (("/bin/echo", "a", "-"), "a -\n"),
    ):
        assert run("exec", "--json", "web-fake-1", *words).json["stdout"] == printed
