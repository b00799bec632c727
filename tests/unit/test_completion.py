"""What a shell is offered for paths, shares, services and lists, by its own script."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.commands import completion_scripts, offered
from abcd_run.testing.cli import Ended

Run = Callable[..., Ended]

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], os.defpath])

# Each prints a line for every word that it offers, as it would insert it.
BASH = """
source "$SCRIPT"
COMP_LINE=$LINE COMP_POINT=${#LINE}
_abcd_run_completion abcd-run
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
compdef() { }
compadd() { print -rl -- "${(@P)@[-1]}" }
_files() { print files }
source "$SCRIPT"
words=("${(@s: :)LINE}") CURRENT=${#words}
_abcd_run_completion
"""
FISH = """
source $SCRIPT
complete -C $LINE | string replace -r '\\t.*' ''
"""
ASKS = {"bash": ["--norc", "-c", BASH], "zsh": ["-f", "-c", ZSH], "fish": ["-N", "-c", FISH]}


@pytest.fixture
def offers(
    plugins: Callable[..., Path], web: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], list[str]]:
    """Return what a shell offers at the end of a line, by the script that we print for it."""
    plugins(fake="abcd_run.testing.fake:BACKENDS.fake", fast="abcd_run.testing.fake:BACKENDS.fast")
    for name in ("folder", "my folder", ".hidden"):
        (home / "work" / name).mkdir()
    (home / "work" / "file.iso").touch()
    (home / "work" / "bad\nname").touch()

    def offers(shell: str, line: str) -> list[str]:
        program = shutil.which(shell, path=PATH)
        if not program:
            pytest.skip(f"{shell} is not installed")
        script = home / f"script.{shell}"
        script.write_text(completion_scripts.script(shell))
        environment = {**os.environ, "PATH": PATH, "SCRIPT": str(script), "LINE": line}
        asked = [program, *ASKS[shell]]
        ended = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)
        assert ended.stderr == ""
        return sorted(filter(None, ended.stdout.splitlines()))

    return offers


LINES = [
    ("--on f", ["fake", "fast"]),
    ("--on fake,f", ["fake,fast"]),
    ("ps --on fake,fas", ["fake,fast"]),
    ("--on=fake,fas", ["--on=fake,fast"]),
    ("web --on=fas", ["--on=fast"]),
    ("--set on.fake.turbo=t", ["on.fake.turbo=true"]),
    ("--set turbo=", ["turbo=false", "turbo=true"]),
    ("--share fo", ["folder/"]),
    ("--share my", ["my\\ folder/"]),
    ("--share ./f", ["./folder/"]),
    ("--share ~/w", ["~/work/"]),
    ("--share ~/work/my", ["~/work/my\\ folder/"]),
    ("--share folder:", ["folder:ro"]),
    ("--share folder:/inside:r", ["folder:/inside:ro"]),
    ("web --publish w", ["web="]),
    ("--publish=ss", ["--publish=ssh="]),
    ("--password-file ./f", ["./file.iso", "./folder/"]),
    ("./f", ["./file.iso", "./folder/"]),
    ("publish web oci-archive:fi", ["oci-archive:file.iso"]),
    ("stop --al", ["--all"]),
]


@pytest.mark.parametrize("shell", ASKS)
@pytest.mark.parametrize(("words", "expected"), LINES, ids=[line for line, _ in LINES])
def test_every_shell_completes(
    shell: str, words: str, expected: list[str], offers: Callable[[str, str], list[str]]
) -> None:
    line = f"abcd-run {words}"
    cut = _broken_off(line) if shell == "bash" else ""
    wanted = [word.removeprefix(cut) for word in expected]
    if shell == "fish":  # it quotes by itself
        wanted = [word.replace("\\", "") for word in wanted]
    assert offers(shell, line) == wanted


def _broken_off(line: str) -> str:
    """Return what bash keeps of the last word by itself: up to its last word break."""
    word = line.rpartition(" ")[2]
    return word[: max(word.rfind("="), word.rfind(":")) + 1]


def test_nothing_that_is_no_path_of_this_kind(home: Path) -> None:
    (home / "work" / "a").mkdir()
    for name in ("a.txt", "a.oci.tar", ".a", "a\x1b[2J", "a\nb"):
        (home / "work" / name).touch()
    assert offered.paths("a") == ["a.oci.tar", "a.txt", "a/"]
    assert offered.folders("") == ["a/"]
    assert offered.paths(".") == [".a"]
    assert offered.launchable("a") == []
    assert offered.launchable("./a") == ["./a.oci.tar", "./a/"]
    assert offered.paths("nosuch/") == []
    assert offered.paths("a\0/") == []


def test_services_are_those_of_the_image(web: Path, write: Callable[..., Path]) -> None:
    write("other", "[abcdic]\nimage = 'r.example/x:1'\n[services.desk]\nport = 10000")
    assert offered.services_of("other") == [("desk=", "port 10000 inside")]
    assert [word for word, _ in offered.services_of("abcdic-web")] == ["web=", "ssh="]
    assert {"web=", "ssh=", "desk="} <= {word for word, _ in offered.services_of("nosuch")}
