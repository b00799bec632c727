"""What a profile may say of a container without being trusted with the host."""

import pytest

from abcd_run.backend.container_rights import dropped, gains_rights, trusts


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"network": "none", "init": True},
        {"network": "our_net-1.2"},
        {"network": "hosts"},
        {"cap_add": ["NET_RAW", "cap_net_admin"]},
        {"devices": ["/dev/fuse", "/dev/kvm:/dev/kvm:rwm", "/dev/net/tun", "/dev/dri/renderD128"]},
    ],
)
def test_what_stays_inside_is_allowed(options: dict[str, object]) -> None:
    assert trusts(options) is None


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"network": "host"}, "network"),
        ({"network": "container:other"}, "network"),
        ({"network": "ns:/proc/1/ns/net"}, "network"),
        ({"network": "slirp4netns:allow_host_loopback=true"}, "network"),
        ({"network": "pasta:-T,auto"}, "network"),
        ({"network": "host\n"}, "network"),
        ({"network": ""}, "network"),
        ({"cap_add": ["NET_RAW", "SYS_ADMIN"]}, "SYS_ADMIN"),
        ({"cap_add": ["all"]}, "all"),
        ({"cap_add": ["NET_RAW\n"]}, "NET_RAW"),
        ({"devices": ["/dev/sda"]}, "/dev/sda"),
        ({"devices": ["/dev/dri/../mem"]}, "/dev/dri/../mem"),
        ({"devices": ["/dev/fuse:/etc/x"]}, "/dev/fuse:/etc/x"),
        ({"devices": ["vendor.com/gpu=all"]}, "vendor.com/gpu=all"),
    ],
)
def test_what_reaches_out_is_named(options: dict[str, object], named: str) -> None:
    problem = trusts(options)
    assert problem is not None
    assert named in problem.message
    assert problem.remedy


def test_a_container_has_the_least() -> None:
    assert dropped({}) == ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SETPCAP"]
    assert dropped({"cap_drop": ["cap_kill"]}) == sorted([*dropped({}), "KILL"])
    assert "NET_RAW" not in dropped({"cap_add": ["cap_net_raw"]})
    assert dropped({"cap_add": ["ALL"]}) == []


def test_setuid_gives_no_rights_unless_the_profile_says_so() -> None:
    assert not gains_rights({})
    assert gains_rights({"setuid": True})
    assert not gains_rights({"setuid": False})
