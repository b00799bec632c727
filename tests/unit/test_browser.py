"""How an address reaches the user's browser and nobody else."""

import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from abcd_run.viewing import browser, handover
from tests.unit.test_handover import ask
from tests.waiting import until

URL = "http://abcd:secret@127.0.0.1:8080/desk?a=b"
SECONDS = 30


class Browser:
    """A stand-in for `webbrowser`; `follows` says which addresses it can read."""

    def __init__(self, follows: str = "file|http") -> None:
        self.arguments: list[str] = []
        self.modes: list[int] = []
        self.shown: list[str] = []
        self._follows = follows

    def open(self, address: str) -> bool:
        self.arguments.append(address)
        if re.match(self._follows, address):
            Thread(target=self._go, args=(address,)).start()
        return True

    def _go(self, address: str) -> None:
        if address.startswith("file:"):
            path = Path(url2pathname(urlsplit(address).path))
            self.modes += [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)]
            match = re.search(r'content="0; url=([^"]+)"', path.read_text())
            assert match
            address = match[1]
        self.shown.append(ask(address)[1])


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Browser]:
    def install(*, takes_files: bool = True, follows: str = "file|http") -> Browser:
        installed = Browser(follows)
        monkeypatch.setattr("webbrowser.open", installed.open)
        monkeypatch.setattr(browser, "takes_files", lambda: takes_files)
        return installed

    return install


def test_nothing_worth_knowing_is_an_argument(home: Path, program: Callable[..., Browser]) -> None:
    """Neither the password nor the one-time address."""
    opener = program()
    browser.open_secret(URL)
    until(lambda: opener.shown == [URL])
    (argument,) = opener.arguments
    assert argument.startswith((home / "run").as_uri())
    assert "secret" not in argument
    assert opener.modes == [0o600, 0o700]
    assert [path for path in (home / "run").rglob("*") if path.is_file()] == []


HOLDS = """
from abcd_run.viewing import browser
with browser._file("http://127.0.0.1:1/") as page:
    print(page, flush=True)
    input()
"""


def test_what_a_killed_look_has_left_is_pruned(home: Path) -> None:
    line = [sys.executable, "-c", HOLDS]
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as looking:
        assert looking.stdout
        page = Path(looking.stdout.readline().strip())
        browser.prune()
        assert page.exists()  # it is still needed
        looking.kill()
    assert page.is_relative_to(home / "run")
    assert page.exists()
    browser.prune()
    assert not page.parent.exists()


def test_without_a_folder_of_the_session(
    home: Path, program: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("abcd_run.host.xdg.runtime_dir", lambda: None)
    opener = program()
    browser.open_secret(URL)
    until(lambda: opener.shown == [URL])
    assert opener.arguments[0].startswith("file:")
    assert opener.modes == [0o600, 0o700]


def test_a_browser_that_reads_no_such_files(home: Path, program: Callable[..., Browser]) -> None:
    opener = program(takes_files=False)
    browser.open_secret(URL)
    until(lambda: opener.shown == [URL])
    assert [urlsplit(one).scheme for one in opener.arguments] == ["http"]
    assert "secret" not in opener.arguments[0]


def test_a_browser_that_turns_out_to_read_no_such_files(
    home: Path, program: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "FILE_SECONDS", 0.05)
    opener = program(follows="http")
    browser.open_secret(URL)
    until(lambda: opener.shown == [URL])
    assert [urlsplit(one).scheme for one in opener.arguments] == ["file", "http"]


@pytest.mark.parametrize("opens", [browser.open_secret, browser.open_plain])
def test_a_browser_in_the_foreground_is_not_waited_for(
    opens: Callable[[str], None], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Event()
    monkeypatch.setattr("webbrowser.open", lambda _address: ended.wait(SECONDS))
    monkeypatch.setattr(browser, "FILE_SECONDS", 0.1)
    monkeypatch.setattr(browser, "START_SECONDS", 0.1)
    monkeypatch.setattr(handover, "SECONDS", 0.3)
    begun = time.monotonic()
    opens(URL)
    ended.set()
    assert time.monotonic() - begun < SECONDS / 2


@pytest.mark.parametrize("opens", [browser.open_secret, browser.open_plain])
def test_no_browser_is_not_waited_for(
    opens: Callable[[str], None], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _address: False)
    begun = time.monotonic()
    opens(URL)
    assert time.monotonic() - begun < SECONDS / 2


def install(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("html", "http", "takes"),
    [
        ("chromium.desktop", "chromium.desktop", True),
        ("org.mozilla.firefox.desktop", "org.mozilla.firefox.desktop", True),
        ("libreoffice-writer.desktop", "chromium.desktop", False),
        ("firefox_firefox.desktop", "firefox_firefox.desktop", False),
        ("", "", False),
        ("../x.desktop", "../x.desktop", False),
    ],
)
def test_which_desktops_take_files(
    html: str, http: str, takes: bool, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user whose browser opens files too and is not from a snap."""
    monkeypatch.setenv("PATH", f"{home / 'bin'}{os.pathsep}{os.defpath}")
    monkeypatch.setattr(browser, "SNAPS", tmp_path)
    (tmp_path / "firefox_firefox.desktop").touch()
    case = f'case "$3" in text/html) echo "{html}";; x-scheme-handler/http) echo "{http}";; esac'
    install(home / "bin", "xdg-mime", case)
    assert browser.takes_files() is takes


@pytest.mark.parametrize(
    ("chosen", "takes"),
    [
        ("browser", True),
        ("browser --new %s", True),
        ("snapped", False),
        ("nosuch", False),
        ("'", False),
    ],
)
def test_which_chosen_browsers_take_files(
    chosen: str, takes: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(home / "bin", "browser")
    monkeypatch.setattr(browser, "SNAP", install(home, "snap"))
    (home / "bin" / "snapped").symlink_to(home / "snap")
    monkeypatch.setenv("BROWSER", chosen)
    assert browser.takes_files() is takes


def test_a_system_without_a_desktops_words(home: Path) -> None:
    assert browser.takes_files() is True
