"""`completion --install`: one typed line, and each new shell completes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.commands.completion import LARGEST, LINES
from abcd_run.testing.cli import Ended

Run = Callable[..., Ended]
PLACES = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/completions/abcd-run.fish"}
ASKS = {
    "bash": "complete -p abcd-run",
    "zsh": "print $_comps[abcd-run]",
    "fish": "complete --do-complete 'abcd-run publi'",
}
SAYS = {"bash": "_abcd_run_completion", "zsh": "_abcd_run_completion", "fish": "publish"}


@pytest.fixture(autouse=True)
def own_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let all shells look into the test's home alone."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "ZDOTDIR", "BASH_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    return home


@pytest.mark.parametrize("shell", LINES)
def test_each_new_shell_completes(shell: str, home: Path, run: Run) -> None:
    if not shutil.which(shell) and not os.environ.get("CI"):
        pytest.skip(f"{shell} is not installed")
    asked = [shell, *(["-i"] if shell != "fish" else []), "-c", ASKS[shell]]
    before = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert SAYS[shell] not in before.stdout
    ended = run("completion", shell, "--install")
    assert (ended.status, ended.err) == (0, "")
    assert str(home / PLACES[shell]) in ended.out
    after = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert SAYS[shell] in after.stdout, after.stderr


@pytest.mark.parametrize("shell", LINES)
def test_without_the_program_a_shell_starts_in_silence(shell: str, home: Path, run: Run) -> None:
    if not shutil.which(shell) and not os.environ.get("CI"):
        pytest.skip(f"{shell} is not installed")
    run("completion", shell, "--install")
    quiet = [shell, *(["-i"] if shell != "fish" else []), "-c", "echo it starts"]
    env = {**os.environ, "PATH": "/usr/bin:/bin"}
    started = subprocess.run(quiet, capture_output=True, text=True, check=False, env=env)
    assert started.stdout == "it starts\n"
    assert "abcd-run" not in started.stderr


@pytest.mark.parametrize("before", [b"", b"alias ll=ls", b"alias ll=ls\n", b"# gr\xf6\xdfer\n"])
def test_what_was_there_stays_and_the_line_is_added_once(
    before: bytes, home: Path, run: Run
) -> None:
    settings = home / ".bashrc"
    settings.write_bytes(before)
    for _ in range(2):
        assert run("completion", "bash", "--install").status == 0
    lines = settings.read_bytes().splitlines()
    assert lines == [*before.splitlines(), LINES["bash"].encode()]


def test_zsh_may_have_its_settings_elsewhere(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZDOTDIR", str(tmp_path / "zsh"))
    said = json.loads(run("completion", "zsh", "--install", "--json").out)
    assert said["settings"] == str(tmp_path / "zsh" / ".zshrc")
    assert "compdef" in said["script"]


def test_settings_that_cannot_be_read_are_left(home: Path, run: Run) -> None:
    settings = home / ".bashrc"
    settings.write_bytes(b"#" * (LARGEST + 1))
    ended = run("completion", "bash", "--install")
    assert ended.status == 2
    assert LINES["bash"] in ended.err
    assert settings.stat().st_size == LARGEST + 1
    settings.unlink()
    settings.mkdir()
    ended = run("completion", "bash", "--install")
    assert ended.status
    assert str(settings) in ended.err


def test_zsh_heeds_the_script_in_a_folder_of_completions(run: Run) -> None:
    assert run("completion", "zsh").out.startswith("#compdef abcd-run\n")


ASKED_TWICE = """
fpath=($PWD $fpath)
autoload -U _abcd-run
compdef() { print registered }
compadd() { print offered }
words=(abcd-run publi) CURRENT=2
_abcd-run
_abcd-run
"""


def test_zsh_completes_from_a_folder_each_time(tmp_path: Path, run: Run) -> None:
    """The first time it reads the file as a function; the function stays."""
    if not shutil.which("zsh") and not os.environ.get("CI"):
        pytest.skip("zsh is not installed")
    (tmp_path / "_abcd-run").write_text(run("completion", "zsh").out)
    line = ["zsh", "-f", "-c", ASKED_TWICE]
    asked = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert asked.stdout.split() == ["offered", "offered"], asked.stderr
