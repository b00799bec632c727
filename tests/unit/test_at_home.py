"""Where a command inside begins."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from abcd_run.backend import oci_engine, record
from abcd_run.backend.at_home import at_home, go
from abcd_run.model import Instance
from tests.unit.plans import CONTAINER


def instance(homedir: str) -> Instance:
    plan = replace(CONTAINER, homedir=homedir)
    return Instance("demo-1", "fake", "id", record.labels(plan), running=True)


def ran(command: Sequence[str], home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env={"HOME": str(home)}
    )


def begun(command: Sequence[str], home: Path, *, user: str = "") -> str:
    return ran(at_home(instance("/home/abcd"), command, user=user), home).stdout


def test_it_is_the_home_of_who_runs_it(tmp_path: Path) -> None:
    assert begun(["pwd"], tmp_path) == f"{tmp_path}\n"
    assert begun(["/bin/sh", "-c", "pwd; exit 3"], tmp_path) == f"{tmp_path}\n"


def test_a_named_users_home_is_looked_up(tmp_path: Path) -> None:
    """A variable of an image's, or of --env, may be another folder."""
    asked = ["sh", "-c", f"{go('root')} && pwd"]
    assert ran(asked, tmp_path).stdout != f"{tmp_path}\n"
    assert go("abcd:users") == go("abcd") == "cd ~abcd 2>/dev/null"


@pytest.mark.parametrize("user", ["", "a b", "$(id)", "x;id", "-x", "/"])
def test_what_is_no_name_is_not_looked_up(user: str) -> None:
    assert go(user) == "cd ~ 2>/dev/null"


def test_a_number_has_a_home_without_a_variable() -> None:
    number, name = (ran(["id", *option], Path()).stdout.strip() for option in (["-u"], ["-un"]))
    known = ran(["sh", "-c", f"cd ~{name} && pwd -P"], Path()).stdout
    assert known
    assert ran(["sh", "-c", f"unset HOME; cd /; {go(number)}; pwd -P"], Path()).stdout == known


def test_without_a_home_it_begins_where_the_image_says(tmp_path: Path) -> None:
    where = ran(["pwd"], tmp_path).stdout
    assert begun(["pwd"], tmp_path / "gone") == where
    assert begun(["pwd"], tmp_path, user="no-such-user") == where


def test_words_input_and_status_are_the_commands_own(tmp_path: Path) -> None:
    words = ["printf", "%s|", "a b", "$HOME", "c'd", "", "*"]
    assert begun(words, tmp_path) == "a b|$HOME|c'd||*|"
    line = at_home(instance("/home/abcd"), ["sh", "-c", "cat >&2; exit 7"], user="")
    ended = subprocess.run(line, check=False, capture_output=True, input=b"in\0\r\n")
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, b"", b"in\0\r\n")


def test_an_image_without_homes_needs_no_shell() -> None:
    line = oci_engine.exec_command(["engine"], instance(""), ["/app"], user="65532", tty=False)
    assert line == ["engine", "exec", "--interactive", "--user", "65532", "id", "/app"]


def test_a_shell_is_the_images_own() -> None:
    line = oci_engine.exec_command(["engine"], instance("/home/abcd"), [], user="", tty=True)
    assert line == ["engine", "exec", "--interactive", "--tty", "id", *oci_engine.SHELL]
