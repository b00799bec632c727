"""The LXD options that a profile may set without being trusted with the host."""

from typing import Any

import pytest

from abcd_run.errors import ProfileError
from abcd_run.schema import check
from abcd_run_lxd import BACKEND
from abcd_run_lxd.options import CONFIG, trusts, trusts_profile

HOOK = "lxc.hook.pre-start = /bin/touch /x"


def read(config: dict[str, object]) -> Any:
    return check({"config": config}, {"config": CONFIG}, where="x.toml", path="on.lxd.")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("security.nesting", True),
        ("limits.processes", 200),
        ("limits.cpu", "0-3"),
        ("limits.kernel.nofile", "1024:unlimited"),
        ("limits.memory", "1GiB"),
        ("user.user-data", "#cloud-config\npackages: [htop]\n"),
        ("cloud-init.user-data", "#cloud-config\n"),
    ],
)
def test_what_stays_inside_is_allowed(key: str, value: object) -> None:
    assert trusts(read({key: value})) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("raw.lxc", HOOK),
        ("raw.idmap", "both 0 0"),
        ("raw.apparmor", "mount,"),
        ("raw.seccomp", "2"),
        ("security.privileged", "true"),
        ("security.nesting", "maybe"),
        ("security.syscalls.intercept.mount", "true"),
        ("security.idmap.base", "0"),
        ("environment.PATH", "/tmp"),
        ("linux.kernel_modules", "xfs"),
        ("linux.sysctl.kernel.x", "1"),
        ("nvidia.runtime", "true"),
        ("volatile.idmap.next", "[]"),
        ("limits.kernel.nofile", "1 2"),
        ("image.oci.user", "root"),
        ("boot.autostart", "true"),
    ],
)
def test_what_reaches_out_is_named(key: str, value: object) -> None:
    problem = trusts(read({"security.nesting": "true", key: value}))
    assert problem is not None
    assert key in problem.message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (f"environment.A\n{HOOK}", "x"),
        (f"user.x\n{HOOK}", "x"),
        ("environment.A", f"x\n{HOOK}"),
        ("limits.kernel.nofile", f"1\n{HOOK}"),
        ("security.nesting", "true\n"),
        ("user.abcd-run-owner", "0"),
        ("user.abcd-run.version", "1"),
        ("user.a", {"b": "c"}),
        ("user.a", "\0"),
        ("user", "x"),
    ],
)
def test_what_would_be_another_key_is_never_taken(key: str, value: object) -> None:
    with pytest.raises(ProfileError, match=r"x\.toml: on\.lxd\.config: expected a table"):
        read({key: value})


def test_the_backend_asks_for_both() -> None:
    assert BACKEND.options["config"].rule is CONFIG
    assert BACKEND.trusts is trusts


def test_lxds_own_profiles_give_a_network_and_a_disk() -> None:
    card = {"type": "nic", "network": "lxdbr0"}
    root = {"type": "disk", "path": "/", "pool": "default"}
    plain: dict[str, Any] = {"config": {"limits.cpu": "2"}, "devices": {"eth0": card, "root": root}}
    assert trusts_profile(plain)
    assert not trusts_profile({**plain, "config": {"raw.lxc": HOOK}})
    for device in (
        {"type": "disk", "path": "/host", "source": "/"},
        {"type": "unix-block", "source": "/dev/sda"},
        {"type": "nic", "nictype": "physical", "parent": "eth0"},
    ):
        assert not trusts_profile({**plain, "devices": {"x": device}})
