"""Locating Docker's daemon, and the messages if there is none."""

import hashlib
import json
import os
import socket
from pathlib import Path

import pytest

from abcd_run.runtime import Problem
from abcd_run_docker import service
from abcd_run_docker.service import Daemon, find, unreachable


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the user a home and a folder for sockets, and the host no Docker at all."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(service, "SYSTEM_SOCKET", tmp_path / "system.sock")
    return tmp_path


def context(home: Path, name: str, url: str) -> None:
    key = hashlib.sha256(name.encode()).hexdigest()
    folder = home / ".docker" / "contexts" / "meta" / key
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": url}}}))


def said(problem: object) -> str:
    assert isinstance(problem, Problem)
    assert problem.remedy
    return problem.message


def test_not_installed() -> None:
    assert said(find()) == "docker is not installed"


def test_installed_without_a_daemon(host: Path) -> None:
    (host / "bin").mkdir()
    (host / "bin" / "docker").touch(mode=0o755)
    assert "no daemon is running for this user" in said(find())


def test_the_users_own_socket(host: Path) -> None:
    (host / "docker.sock").touch()
    (host / "system.sock").touch()
    assert find() == Daemon(f"unix://{host}/docker.sock")


def test_a_daemon_that_was_stopped_is_down_and_not_missing(host: Path) -> None:
    (host / ".local" / "share" / "docker" / "containers").mkdir(parents=True)
    daemon = find()
    assert isinstance(daemon, Daemon)
    assert "is down" in said(unreachable(daemon))


@pytest.mark.skipif(os.getuid() == 0, reason="root may use every socket")
def test_the_systems_socket_is_not_for_this_user(host: Path) -> None:
    (host / "system.sock").touch(mode=0o000)
    assert "this user may not use" in said(find())


def test_environment_before_context(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context(host, "one", "unix:///one.sock")
    (host / ".docker" / "config.json").write_text('{"currentContext": "one"}')
    assert find() == Daemon("unix:///one.sock", context="one")
    monkeypatch.setenv("DOCKER_HOST", "unix:///two.sock")
    daemon = find()
    assert daemon == Daemon("unix:///two.sock")
    assert daemon.program() == ["docker", "--host", "unix:///two.sock"]


@pytest.mark.parametrize("text", ["", "[]", '{"currentContext": "default"}'])
def test_a_configuration_that_says_nothing(host: Path, text: str) -> None:
    (host / ".docker").mkdir()
    (host / ".docker" / "config.json").write_text(text)
    (host / "docker.sock").touch()
    assert find() == Daemon(f"unix://{host}/docker.sock")


def test_a_context_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    assert said(find()) == "its context 'nowhere' cannot be read"


@pytest.mark.parametrize("url", ["ssh://me@example", "tcp://192.0.2.1:2375"])
def test_other_hosts_are_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", url)
    assert said(find()) == f"its daemon is not on this host: {url}"


def test_a_port_of_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    daemon = find()
    assert isinstance(daemon, Daemon)
    assert (daemon.socket, daemon.program(), unreachable(daemon)) == (None, ["docker"], None)


def test_somebody_listens(host: Path) -> None:
    daemon = Daemon(f"unix://{host}/docker.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(daemon.socket))
        assert "is down" in said(unreachable(daemon))
        listening.listen()
        assert unreachable(daemon) is None
