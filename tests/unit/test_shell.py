"""Help, completion, and the process as a shell sees it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.commands.group import DefaultLaunch
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine

Run = Callable[..., Ended]

COMMANDS = [name for name in DefaultLaunch.modules if name != "launch"]


@pytest.mark.parametrize("command", [[], ["launch"], *([name] for name in COMMANDS)], ids=str)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(command: list[str], option: str, engine: FakeEngine, run: Run) -> None:
    ended = run(*command, option)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("Usage: abcd-run")
    assert "abcd-run" in ended.out.partition("\n")[2], "an example"
    assert max(map(len, ended.out.splitlines())) <= 100
    assert engine.calls == []


def test_without_words_it_is_help_and_wrong_use(engine: FakeEngine, run: Run) -> None:
    ended = run()
    assert (ended.status, ended.out) == (2, "")
    assert "Usage: abcd-run" in ended.err


def complete(words: list[str], *, shell: str = "bash") -> list[str]:
    """Return what a shell is offered for the last word, asked as it asks."""
    env = {
        **os.environ, "_ABCD_RUN_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(["abcd-run", *words]), "COMP_CWORD": str(len(words)),
    }  # fmt: skip
    line = (
        "import sys; from abcd_run.__main__ import main; sys.argv = ['abcd-run']; status = main()"
    )
    line += "; sdks = {'podman', 'docker', 'pylxd', 'libvirt', 'requests'} & set(sys.modules)"
    line += "; sys.exit(f'imports {sdks}' if sdks else status)"
    ended = subprocess.run(
        [sys.executable, "-c", line], env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return [entry.partition(",")[2] for entry in ended.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["w"], {"wait", "wall", "web"}),
        (["abcdic-"], {"abcdic-web"}),
        (["d"], {"doctor"}),
        (["--on", "p"], {"podman"}),
        (["--on", "podman,"], {"podman,fake", "podman,podman", "podman,all", "podman,auto"}),
        (["--on", "podman,f"], {"podman,fake"}),
        (["web", "--on", "f"], {"fake"}),
        (["--on", "fake", "w"], {"web"}),
        (["web", "--pu"], {"--publish", "--pull"}),
        (["--dry"], {"--dry-run"}),
        (["--on", "fake", "--dry"], {"--dry-run"}),
        (["ps", "--js"], {"--json"}),
        (["web", "--pull", "n"], {"never"}),
        (["pull", "we"], {"web"}),
    ],
)
def test_completion(
    words: list[str], offered: set[str], plugins: Callable[..., Path], web: Path
) -> None:
    plugins(fake="abcd_run.testing.fake:BACKENDS.fake", podman="abcd_run_podman:BACKEND")
    assert set(complete(words)) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(
    shell: str, home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # click asks bash for its version
    ended = run("completion", shell)
    assert (ended.status, ended.err) == (0, "")
    assert f"_ABCD_RUN_COMPLETE={shell}_complete" in ended.out
    if Path("/bin/bash").exists() and shell == "bash":
        subprocess.run(["/bin/bash", "-n"], input=ended.out, text=True, check=True)


def test_names_that_are_not_utf8_survive(home: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "abcd_run", "--json", b"nosuch-\xff"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 4
    assert b"Traceback" not in ended.stderr
    assert json.loads(ended.stdout)["errors"][0]["code"] == 4


def test_a_terminal_that_knows_only_ascii(web: Path, write: Callable[..., Path]) -> None:
    write("child", "parent = 'web'\nsummary = 'größer'")
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for words in (["images", "--tree"], ["--help"], ["images"]):
        ended = subprocess.run(
            [sys.executable, "-m", "abcd_run", *words], env=env, capture_output=True, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, b""), words


def test_a_reader_that_goes_away(home: Path) -> None:
    line = f"{sys.executable} -m abcd_run images --json | /bin/true"
    ended = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
    assert ended.stderr == ""
