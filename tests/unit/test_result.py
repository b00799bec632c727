"""What a launch prints for a person: the way in first, and nothing that does not work."""

from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.host import this_host
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine

Run = Callable[..., Ended]
Write = Callable[..., Path]

DESKTOP = """
user = "abcd"
[abcdic]
[services.web]
port = 8080
protocol = "http"
[services.desktop]
port = 10000
protocol = "http"
open = true
[services.ssh]
port = 22
protocol = "ssh"
"""


def keys(said: str) -> list[str]:
    return [line.split()[0] for line in said.splitlines() if line.startswith("  ")]


def test_the_way_in_comes_first(engine: FakeEngine, home: Path, write: Write, run: Run) -> None:
    write("desk", DESKTOP)
    said = run("desk").out
    shown = ["open", "desktop", "web", "ssh", "user", "password", "home", "stop"]
    assert keys(said) == shown
    assert "open      abcd-run open desk-fake-1\n" in said
    # Nobody has a key: ssh would refuse.
    assert "ssh       abcd-run shell desk-fake-1\n" in said
    (home / ".ssh").mkdir()
    (home / ".ssh/id_ed25519.pub").write_text("ssh-ed25519 AAAA me\n")
    assert "ssh       ssh://abcd@127.0.0.1:" in run("desk").out


def test_an_image_without_a_profile_has_no_password_to_show(
    engine: FakeEngine, write: Write, run: Run
) -> None:
    ended = run("registry.example/bare:1")
    assert ended.out.startswith("bare-fake-1 is running\n")
    assert keys(ended.out) == ["stop"]
    write("described", "[abcdic]\n")
    assert keys(run("described").out) == ["user", "password", "stop"]


def test_an_address_on_every_network_can_be_typed(
    engine: FakeEngine, web: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(this_host, "address", lambda: "192.0.2.7")
    ended = run("--address", "0.0.0.0", "web")
    assert "http://192.0.2.7:" in ended.out
    assert "0.0.0.0" not in ended.out
    assert "web of web-fake-1 can be reached from every network without encryption" in ended.err
    (shown,) = run("ps", "--json").json["instances"]
    assert {one["url"].partition("192.0.2.7")[1] for one in shown["endpoints"]} == {"192.0.2.7"}
    assert "without encryption" not in run("web").err


def test_this_hosts_address_is_one() -> None:
    assert this_host.address().count(".") == 3
