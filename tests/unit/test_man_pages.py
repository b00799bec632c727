"""The manual pages: one for each command, from its own help, and clean for groff."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.core import TyperOption

from abcd_run.commands import man_pages
from abcd_run.commands.group import COMMANDS, cli
from abcd_run.errors import HostTooSmall


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("man")
    written = man_pages.write(folder)
    assert sorted(written) == sorted(folder.iterdir())
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_has_all_options_of_its_command(command: str, pages: Path) -> None:
    page = (pages / f"abcd-run-{command}.1").read_text().replace("\\-", "-")
    known = cli.get_command(None, command)
    assert known
    options = [one for one in known.params if isinstance(one, TyperOption)]
    assert options
    assert [name for one in options for name in one.opts if name not in page] == []
    assert f"abcd-run-{command} - " in page


def test_the_program_s_page_has_commands_and_statuses(pages: Path) -> None:
    page = (pages / "abcd-run.1").read_text()
    assert [name for name in COMMANDS if f"\\fB{name}\\fR" not in page] == []
    assert f"\\fB{HostTooSmall.status}\\fR" in page


def test_groff_has_nothing_to_say(pages: Path) -> None:
    if not shutil.which("groff") and not os.environ.get("CI"):
        pytest.skip("groff is not installed")
    for page in pages.iterdir():
        line = ["groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-z", str(page)]
        said = subprocess.run(line, capture_output=True, text=True, check=True).stderr
        assert said == "", page.name


def test_text_is_no_request() -> None:
    lines = [*man_pages._text("\n.so /etc/passwd\n\n\b\n'a' \\n[x] --all\n")]
    assert lines == [
        ".PP",
        "\\&.so /etc/passwd",
        ".PP",
        ".nf",
        "\\&\\(aqa\\(aq \\en[x] \\-\\-all",
        ".fi",
    ]
