"""What a cluster refuses: the reason is its own, comes at once, and leaves nothing."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from abcd_run.testing.cli import Ended, abcd_run, launch
from tests.engines_here import need
from tests.relay import Relay, place_of

ON = ("--on", "kubernetes")
AT_ONCE = 30.0
"""Seconds within which a reason must come: starting a pod's network takes some of them."""


@pytest.fixture(autouse=True)
def _cluster() -> None:
    need("kubernetes")


@pytest.fixture
def name() -> Iterator[str]:
    """A name of which nothing is left at the end."""
    name = f"no-{os.getpid()}-{os.urandom(3).hex()}"
    yield name
    left = subprocess.run(
        ["kubectl", "get", "pods,secrets", "--output", "name"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert name not in left.stdout


def config() -> dict[str, Any]:
    """Return the test user's kubeconfig."""
    line = ["kubectl", "config", "view", "--raw", "--output", "json"]
    read: dict[str, Any] = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
    return read


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A kubeconfig to change; `told` writes it."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    os.environ.pop("KUBECONFIG")
    read = config()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    return read


def told(document: dict[str, Any]) -> None:
    path = Path(os.environ["KUBECONFIG"])
    path.write_text(json.dumps(document))
    path.chmod(0o600)


def refused(name: str, *arguments: str, status: int = 5) -> Ended:
    begun = time.monotonic()
    ended = abcd_run(*ON, "--name", name, *arguments)
    assert time.monotonic() - begun < AT_ONCE
    assert ended.status == status, ended.err
    assert "→" in ended.err
    return ended


def test_an_image_that_is_not_there(name: str, tmp_path: Path) -> None:
    registry = urlsplit(registry_of(config())).netloc
    (tmp_path / "nosuch.toml").write_text(
        f'[abcdic]\nimage = "{registry}/nosuch:1"\n[services.web]\nport = 80\n'
    )
    ended = refused(name, "--profiles", str(tmp_path), "nosuch", status=4)
    assert "ErrImagePull" in ended.err or "ImagePullBackOff" in ended.err
    assert f"{registry}/nosuch:1" in ended.err


def registry_of(document: dict[str, Any]) -> str:
    (context,) = document["contexts"]
    (extension,) = context["context"]["extensions"]
    return str(extension["extension"]["registry"])


def test_no_node_has_so_much_memory(name: str) -> None:
    assert "Insufficient memory" in refused(name, "--memory", "900GiB", "abcd4demo").err


def test_the_quota_is_used_up(name: str, other: dict[str, Any]) -> None:
    other["contexts"][0]["context"]["namespace"] += "-small"
    told(other)
    (first,) = launch(*ON, "abcd4demo")
    try:
        assert "exceeded quota" in refused(name, "abcd4demo").err
        assert "quota: limits.memory 256Mi of 512Mi, pods 1 of 1" in abcd_run("doctor").out
    finally:
        assert abcd_run("stop", *ON, first["name"]).status == 0


def test_a_namespace_that_is_not_there(name: str, other: dict[str, Any]) -> None:
    other["contexts"][0]["context"]["namespace"] = "gone"
    told(other)
    assert "namespace gone" in refused(name, "abcd4demo", status=3).err


def test_a_login_that_has_expired(name: str, other: dict[str, Any]) -> None:
    other["users"][0]["user"]["token"] = "expired"
    told(other)
    assert "login" in refused(name, "abcd4demo", status=3).err
    ended = abcd_run("ps", *ON)
    assert (ended.status, "login" in ended.err) == (3, True)


def test_an_image_that_wants_to_be_root(name: str) -> None:
    arguments = ("--set", "on.kubernetes.root=true", "abcd4demo")
    assert "--rootful" in refused(name, *arguments, status=2).err
    ended = refused(name, "--rootful", *arguments)
    assert "does not allow such a pod" in ended.err


def test_the_api_server_goes_and_comes_back(other: dict[str, Any]) -> None:
    """Its absence is said; what runs goes on, and is reached again by the same address."""
    cluster = other["clusters"][0]["cluster"]
    relay = Relay(place_of(cluster["server"]))
    relay.mend()
    cluster["server"] = f"https://127.0.0.1:{relay.port}"
    told(other)
    (one,) = launch(*ON, "abcd4demo")
    try:
        relay.cut()
        ended = abcd_run("ps", *ON)
        assert (ended.status, "cannot be reached" in ended.err) == (3, True)
        assert "→" in abcd_run("exec", one["name"], "--", "true").err
        relay.mend()
        (again,) = abcd_run("--json", "wait", one["name"]).json["instances"]
        assert again["endpoints"] == one["endpoints"]
    finally:
        assert abcd_run("stop", *ON, one["name"]).status == 0
        relay.cut()
