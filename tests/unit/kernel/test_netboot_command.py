"""`netboot`: what it says, and that nothing is left when it ends."""

from pathlib import Path

import pytest

from abcd_run.commands import netboot
from abcd_run.errors import Interrupted
from abcd_run.host import xdg
from tests.unit.conftest import Run


@pytest.fixture(autouse=True)
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the person type it at once."""

    def check() -> None:
        raise Interrupted("interrupted")

    monkeypatch.setattr(netboot, "check", check)


@pytest.mark.usefixtures("lab")
def test_it_prints_what_a_network_needs(run: Run) -> None:
    ended = run("netboot", "live", "--json")
    assert ended.status == 0, ended.err
    told = ended.json
    assert told["url"].startswith("http://127.0.0.1:")
    assert f"dhcp-boot=tag:ipxe,{told['url']}" in told["dnsmasq"]
    assert "only this host reaches this address" in ended.err
    assert list((xdg.cache() / "netboot").iterdir()) == []


@pytest.mark.usefixtures("lab")
def test_others_may_reach_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback stands for a network: no other address is there on every host."""
    monkeypatch.setattr("ipaddress.IPv4Address.is_loopback", property(lambda _: False))
    ended = run("netboot", "live", "--address", "127.0.0.1")
    assert ended.status == 0, ended.err
    assert "whoever reaches http://127.0.0.1:" in ended.err
    assert "can read live" in ended.err


def test_a_password_is_told_of(lab: Path, run: Run) -> None:
    (lab / "password").write_text("a-secret")
    ended = run("netboot", "live", "--password-file", str(lab / "password"), "-q")
    assert ended.status == 0, ended.err
    assert "has the password" in ended.err
    assert "a-secret" not in ended.err + ended.out


@pytest.mark.usefixtures("lab")
def test_a_wrong_address_is_told_before_anything_is_made(run: Run) -> None:
    ended = run("netboot", "live", "--address", "0.0.0.0")
    assert ended.status == 2
    assert "ip -br address" in ended.err
    assert not (xdg.cache() / "netboot").exists()
