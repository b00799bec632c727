"""Tables on terminals that are too narrow for them."""

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from abcd_run.report import tables
from abcd_run.testing.fake import FakeEngine

HEADS = ("NAME", "STAGE", "ENDPOINT")
ROWS = [
    ("abcd4demo-podman-1", "ready", "http://127.0.0.1:42557/"),
    ("abcd4demo-lxd-1", "exited", ""),
]


@pytest.mark.parametrize("width", [None, 80, 51])
def test_columns_where_they_fit(width: int | None) -> None:
    assert tables.lines(HEADS, ROWS, width) == [
        "NAME                STAGE   ENDPOINT               ",
        "abcd4demo-podman-1  ready   http://127.0.0.1:42557/",
        "abcd4demo-lxd-1     exited                         ",
    ]


def test_a_line_for_each_fact_where_they_do_not() -> None:
    assert tables.lines(HEADS, ROWS, 40) == [
        "abcd4demo-podman-1",
        "  stage     ready",
        "  endpoint  http://127.0.0.1:42557/",
        "abcd4demo-lxd-1",
        "  stage     exited",
    ]


def test_the_last_column_is_wrapped_where_it_is_wide_enough() -> None:
    rows = [("podman", "no", "no daemon → systemctl --user start podman.socket, or log in again")]
    assert tables.lines(("RUNTIME", "USABLE", "NOTE"), rows, 45) == [
        "RUNTIME  USABLE  NOTE",
        "podman   no      no daemon → systemctl --user",
        "                 start podman.socket, or log",
        "                 in again",
    ]


@pytest.mark.parametrize("width", [None, 20])
def test_without_rows_it_is_the_heads(width: int | None) -> None:
    assert " ".join(tables.lines(HEADS, [], width)).split() == [*HEADS]


def test_an_address_is_never_cut() -> None:
    address = "http://127.0.0.1:42557/" + "x" * 40
    assert address in "\n".join(tables.lines(HEADS, [("a", "b", address)], 20))
    assert tables.hanging("ok   ", f"see {address}", 20) == ["ok   see", f"     {address}"]


@pytest.mark.parametrize("words", [["ps"], ["images"], ["runtimes"], ["doctor"]])
def test_forty_columns(words: list[str], engine: FakeEngine, web: Path) -> None:
    """A line is longer only where a word is."""
    out = _on_a_terminal(words, columns=40)
    assert out
    for line in out:
        longest = max(map(len, line.split()), default=0)
        assert len(line) <= max(40, len(line) - len(line.lstrip()) + longest) or "→" in line, line


def _on_a_terminal(words: list[str], *, columns: int) -> list[str]:
    main, end = pty.openpty()
    termios.tcsetwinsize(end, (24, columns))
    line = [sys.executable, "-m", "abcd_run", *words]
    with subprocess.Popen(line, stdout=end, stderr=subprocess.DEVNULL) as process:
        os.close(end)
        said = b""
        try:
            while piece := os.read(main, 4096):
                said += piece
        except OSError:  # on Linux, how a terminal ends
            pass
        process.wait(60)
    os.close(main)
    return said.decode().replace("\r", "").splitlines()
