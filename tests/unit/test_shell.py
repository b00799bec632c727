"""Help, completion, and the process as a shell sees it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.core import TyperOption

from abcd_run.commands.group import COMMANDS as KNOWN
from abcd_run.commands.group import cli
from abcd_run.commands.options import with_value
from abcd_run.testing import documents
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine

Run = Callable[..., Ended]

SLOW = {"podman", "docker", "pylxd", "libvirt", "requests", "rich.text"}
COMMANDS = [name for name in KNOWN if name != "launch"]


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


@pytest.mark.parametrize("command", KNOWN)
def test_the_line_about_a_command_is_its_own(command: str) -> None:
    """The help of all prints lines that stand beside the commands' places, to import none."""
    place, line = KNOWN[command]
    known = cli.get_command(None, command)
    assert known
    assert (known.help or "").partition("\n")[0] == line
    assert place.startswith(f"{known.callback.__module__.rpartition('.')[2]}:")


def test_what_takes_the_next_word_is_known_of_all_options() -> None:
    """An option that a command describes for itself, instead of all in one place, ends here."""
    options = [
        one
        for command in KNOWN
        if (known := cli.get_command(None, command))
        for one in known.params
        if isinstance(one, TyperOption)
    ]
    names = {name for one in options if not one.is_flag for name in one.opts}
    assert with_value() == names
    assert {"--on", "-o", "--output", "--memory"} < names
    assert not {name for one in options if one.is_flag for name in one.opts} & names


def complete(words: list[str], *, shell: str = "bash") -> list[str]:
    """Return what a shell is offered for the last word, asked as it asks."""
    line = " ".join(["abcd-run", *words])
    env = {
        **os.environ, "_ABCD_RUN_COMPLETE": f"complete_{shell}", "COMP_WORDS": line,
        "COMP_CWORD": str(len(words)), "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }  # fmt: skip
    line = (
        "import sys; from abcd_run.__main__ import main; sys.argv = ['abcd-run']; status = main()"
    )
    line += f"; sdks = {SLOW} & set(sys.modules)"
    line += "; sys.exit(f'imports {sdks}' if sdks else status)"
    ended = subprocess.run(
        [sys.executable, "-c", line], env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["w"], {"wait", "wall", "web", "write"}),
        (["abcdic-"], {"abcdic-web"}),
        (["d"], {"doctor"}),
        (["--on", "p"], {"podman"}),
        (["--on", "podman,"], {"podman,fake", "podman,all", "podman,auto"}),
        (["--on", "podman,f"], {"podman,fake"}),
        (["web", "--on", "f"], {"fake"}),
        (["--on", "fake", "w"], {"web"}),
        (["web", "--pu"], {"--publish", "--pull"}),
        (["--dry"], {"--dry-run"}),
        (["--on", "fake", "--dry"], {"--dry-run"}),
        (["ps", "--js"], {"--json"}),
        (["web", "--pull", "n"], {"never"}),
        (["--keyboard", "ch"], {"ch", "ch(fr)"}),
        (["web", "--keyboard", "ru,u"], {"ru,ua", "ru,us", "ru,us(intl)"}),
        (["pull", "we"], {"web"}),
        (["--set", "on.fake.t"], {"on.fake.turbo=true", "on.fake.turbo=false"}),
        (["--set", "turbo"], {"turbo=true", "turbo=false"}),
        (["--set", "on.fake.turbo=t"], {"on.fake.turbo=true"}),
        (["--set", "on.fake.fl"], {"on.fake.flavour="}),
        (["--set", "resources.m"], {"resources.memory="}),
    ],
)
def test_completion(
    words: list[str], offered: set[str], plugins: Callable[..., Path], web: Path
) -> None:
    plugins(fake="abcd_run.testing.fake:BACKENDS.fake", podman="abcd_run_podman:BACKEND")
    assert set(complete(words)) == offered


@pytest.mark.parametrize(
    ("shell", "offered"),
    [
        ("fish", "web\tAn image [for] tests"),
        ("zsh", """_arguments '*: :(("web":"An image [for] tests"))'"""),
    ],
)
def test_shells_that_show_what_something_is(
    shell: str, offered: str, plugins: Callable[..., Path], write: Callable[..., Path]
) -> None:
    """Brackets are no markup there."""
    write("web", "summary = 'An image [for] tests'\n[abcdic]\nimage = 'registry.example/x:1'")
    assert complete(["pull", "we"], shell=shell) == [offered]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, home: Path, run: Run) -> None:
    ended = run("completion", shell)
    assert (ended.status, ended.err) == (0, "")
    assert "_ABCD_RUN_COMPLETE=complete_" in ended.out
    if Path("/bin/bash").exists() and shell == "bash":
        subprocess.run(["/bin/bash", "-n"], input=ended.out, text=True, check=True)


def test_names_that_are_not_utf8_survive(home: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "abcd_run", "--json", b"nosuch-\xff"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 4
    assert b"Traceback" not in ended.stderr
    assert documents.read(["nosuch"], ended.stdout)["errors"][0]["code"] == 4


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
