"""The wall, and the page that gives a browser a password: on loopback, but only for their user."""

import json
import os
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from abcd_run.testing.cli import PROGRAM, http_status
from tests.isolation.conftest import Document, Lab
from tests.isolation.stranger import Stranger
from tests.waiting import until

LOOPBACK = ("127.0.0.1", "::ffff:127.0.0.1", "::1", "localhost")
REFUSED = {0, 403, 404}


def answers_to(stranger: Stranger, url: str, login: str = "") -> list[dict[str, Any]]:
    """Return what another user is answered under every name of loopback."""
    questions = json.dumps([(url, to, login) for to in LOOPBACK])
    answers: list[dict[str, Any]] = json.loads(stranger.python("web", questions).out)
    return answers


@pytest.fixture(scope="module")
def wall(lab: Lab) -> Iterator[str]:
    """Return the address of a wall; the tests assume that another user knows it."""
    line = [PROGRAM, "wall", "--quiet"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("below", ["", "instances.json", "screen/", "open/", "tab/", "socket/"])
def test_the_wall_is_its_users(wall: str, lab: Lab, stranger: Stranger, below: str) -> None:
    """Another user who has the token is refused under every name of loopback."""
    name = next(iter(lab.instances.values()))["name"]
    url = wall + below + (name if below.endswith("/") else "")
    for answer in answers_to(stranger, url):
        assert answer["status"] in REFUSED
        assert answer["location"] == ""
        assert not [word for word in lab.secrets() if word in answer["text"]]
    assert http_status(f"{wall}instances.json")[0] == 200


@contextmanager
def _opening(instance: Document, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Open an instance in a browser that requests nothing yet; yield its arguments."""
    told = folder / "told"
    browser = folder / "browser"
    browser.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >{told}.part\nmv {told}.part {told}\nsleep 60\n'
    )
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    monkeypatch.setenv("DISPLAY", ":9")
    line = [PROGRAM, "open", instance["name"]]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            until(told.exists)
            yield told.read_text().strip()
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _led_to(argument: str, stranger: Stranger) -> str:
    """Return the address behind a browser's argument; a file in between is private to its user."""
    assert re.fullmatch(r"(file|http)://\S+", argument)
    if argument.startswith("http:"):
        return argument
    page = Path(unquote(urlsplit(argument).path))
    assert page.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) == 0
    assert stranger.run("cat", str(page)).status != 0
    (address,) = set(re.findall(r"http://127\.0\.0\.1:\d+/[\w-]+", page.read_text()))
    return str(address)


def test_one_look_is_its_users(
    instance: Document, stranger: Stranger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address gives another user nothing, and still works for the user's own browser."""
    with _opening(instance, tmp_path, monkeypatch) as argument:
        assert instance["password"] not in argument
        address = _led_to(argument, stranger)
        for answer in answers_to(stranger, address):
            assert answer["status"] in REFUSED
            assert answer["location"] == ""
            assert instance["password"] not in answer["text"]
        asked = [
            "curl",
            "-sS",
            "-o",
            "/dev/null",
            "-w",
            "%{redirect_url}",
            "--noproxy",
            "*",
            address,
        ]
        ended = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=30)
        assert instance["password"] in ended.stdout
