"""Which network an instance gets, and that it is isolated there."""

from typing import Any

import pytest

from abcd_run_lxd.placement import network_cards

APART = {"security.port_isolation": "true"}
OWN = {"type": "nic", "name": "eth0", "network": "br0"}
NETWORKS: dict[str, Any] = {
    "eth5": {"managed": False, "type": "physical", "config": {}},
    "br0": {"managed": True, "type": "bridge", "config": {}},
    "ovs": {"managed": True, "type": "bridge", "config": {"bridge.driver": "openvswitch"}},
    "lan": {"managed": True, "type": "macvlan", "config": None},
}


def test_on_a_bridge_of_lxds_instances_do_not_meet() -> None:
    assert network_cards({"eth0": OWN}, "", NETWORKS) == {"eth0": {**OWN, **APART}}


def test_who_wrote_the_profile_may_let_them_meet() -> None:
    meets = {**OWN, "security.port_isolation": "false"}
    assert network_cards({"eth0": meets}, "", NETWORKS) == {"eth0": meets}


@pytest.mark.parametrize("name", ["ovs", "lan", "gone"])
def test_what_cannot_keep_apart_is_not_asked_to(name: str) -> None:
    card = {**OWN, "network": name}
    assert network_cards({}, name, NETWORKS) == {"eth0": card}
    bridged = {"type": "nic", "nictype": "bridged", "parent": "br7"}
    assert network_cards({"x": bridged}, "", NETWORKS) == {"x": bridged}


def test_what_the_profiles_do_not_give_is_found() -> None:
    assert network_cards({}, "", NETWORKS) == {"eth0": {**OWN, **APART}}
    assert network_cards({}, "", {}) == {}


def test_no_network_at_all() -> None:
    assert network_cards({"eth0": OWN, "x": OWN}, "none", NETWORKS) == {
        "eth0": {"type": "none"},
        "x": {"type": "none"},
    }
