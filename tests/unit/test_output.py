"""What reaches a terminal or a pipe: no control sequences, and never a traceback."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcd_run.doctor.checks import Finding
from abcd_run.errors import AbcdRunError
from abcd_run.launch.launched import Launched
from abcd_run.model import Endpoint, Instance, Stage
from abcd_run.report import for_people
from abcd_run.testing.cli import PROGRAM, Ended
from abcd_run.testing.fake import FakeEngine
from abcd_run.visible import visible
from tests.unit.fuzzing import examples

Run = Callable[..., Ended]

NASTY = "a\x1b]0;owned\x07b\x1b[2Jc\rd\x9b31me\u202ef\u2028g\x85h"
SHOWN = "a\\x1b]0;owned\\x07bc\\rd\\x9b31me\\u202ef\\u2028g\\x85h"
SECONDS = 60


def test_what_others_say_is_shown_and_not_obeyed() -> None:
    assert visible(NASTY) == SHOWN
    assert visible("Grüße, 日本語 🐧\ttab") == "Grüße, 日本語 🐧    tab"
    assert visible("\x1b[1;31mred\x1b[0m") == "red"


@examples(100)
@given(st.text())
def test_no_text_at_all_is_obeyed(text: str) -> None:
    assert visible(text).isprintable()


def printed(out: str) -> None:
    assert "owned" in out
    assert out.replace("\n", "").isprintable()


def launched() -> Launched:
    labels = {"abcd-run.image": NASTY, "abcd-run.name": NASTY, "abcd-run.created": NASTY}
    screens = (Endpoint(NASTY, "vnc", NASTY),)
    instance = Instance(
        NASTY, NASTY, NASTY, labels, running=False, state=NASTY, password=NASTY, screens=screens
    )
    return Launched(instance, Stage.RUNNING)


@pytest.mark.parametrize(
    "prints",
    [
        lambda: for_people.print_launched(launched()),
        lambda: for_people.print_shown(launched()),
        lambda: for_people.print_table((NASTY, "B"), [(NASTY, NASTY)]),
        lambda: for_people.print_facts(NASTY, {NASTY: NASTY}),
        lambda: for_people.print_notes([NASTY]),
        lambda: for_people.print_error(
            AbcdRunError(NASTY, details=NASTY, remedy=NASTY), name=NASTY
        ),
        lambda: for_people.print_finding(Finding(NASTY, good=False, says=NASTY, remedy=NASTY)),
    ],
)
def test_every_way_to_print(prints: Callable[[], None], capsys: Any) -> None:
    prints()
    said = capsys.readouterr()
    printed(said.out + said.err)


def test_a_line_of_others_cannot_look_like_one_of_ours(capsys: Any) -> None:
    for_people.print_facts("one is ready", {"web": "x\n  password  forged"})
    for_people.print_error(AbcdRunError("no\nabcd-run: forged"))
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2
    assert len(said.err.splitlines()) == 1


def test_a_profiles_summary(home: Path, write: Callable[..., Path], run: Run) -> None:
    """It is refused, and the error shows it harmlessly."""
    text = NASTY.encode("unicode_escape").decode().replace("\\x", "\\u00")
    write("bad", f'summary = "{text}"\n[abcdic]\nimage = "registry.example/x:1"\n')
    for words in (("images",), ("images", "--tree")):
        ended = run(*words)
        printed(ended.out + ended.err)
        assert "summary" in ended.err


CLOSED = ">&-"
FULL = ">/dev/full"
GONE = "| true"


@pytest.mark.parametrize("words", ["--version", "ps", "--json ps", "images", "images --help"])
@pytest.mark.parametrize(
    ("way", "status"), [(CLOSED, {0}), (FULL, {1, 5}), (GONE, {0, 141}), ("2>&-", {0})]
)
def test_output_that_nobody_takes(
    words: str, way: str, status: set[int], engine: FakeEngine, web: Path
) -> None:
    ended = shell(f"set -o pipefail; sleep 0; '{PROGRAM}' {words} {way}")
    assert ended.returncode in status, ended
    assert "Traceback" not in ended.stderr
    assert "Error" not in ended.stderr
    assert ("No space left" in ended.stderr) == (way == FULL)


@pytest.mark.parametrize("words", ["--version", "--json ps"])
@pytest.mark.parametrize(("way", "status"), [(FULL, {1}), (GONE, {0, 141})])
def test_output_that_nobody_takes_without_a_buffer(
    words: str, way: str, status: set[int], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    ended = shell(f"set -o pipefail; '{PROGRAM}' {words} {way}")
    assert ended.returncode in status, ended
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("way", [CLOSED, FULL, "2>&-", "2>/dev/full", ">&- 2>&- <&-"])
@pytest.mark.parametrize("words", ["nosuch", "--json nosuch"])
def test_an_errors_status_is_kept(words: str, way: str, engine: FakeEngine) -> None:
    ended = shell(f"'{PROGRAM}' {words} {way}")
    assert ended.returncode == 4, ended
    assert "Traceback" not in ended.stderr


def shell(line: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.defpath}"}
    return subprocess.run(
        ["bash", "-c", line],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_a_launch_whose_progress_nobody_reads(engine: FakeEngine, web: Path) -> None:
    ended = shell(f"'{PROGRAM}' --json --no-wait web 2>/dev/full")
    assert ended.returncode == 0, ended
    assert re.search('"name": "web-fake-1"', ended.stdout)
