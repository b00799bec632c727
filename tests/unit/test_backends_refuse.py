"""What each of the built-in runtimes refuses about a plan before anything is fetched."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from abcd_run.errors import AbcdRunError, LaunchFailed, UsageError
from abcd_run.model import Format, Kind, Origin, Plan, Resources, Share, Source
from abcd_run.runtime import Runtime
from abcd_run_docker.runtime import DockerRuntime
from abcd_run_lxd.runtime import LxdRuntime
from abcd_run_lxd.service import Server
from abcd_run_podman.runtime import PodmanRuntime
from abcd_run_virtualbox.runtime import VirtualBoxRuntime
from tests.unit.plans import CONTAINER

DISK = Resources(disk=10 << 30)
SHARES = (Share(Path("/a"), "/mnt/a"),)
MACHINE = replace(
    CONTAINER,
    kind=Kind.LIVE,
    format=Format.ISO,
    source=Source(Origin.ISO, "https://x.example/live.iso", "live"),
)
POOLS = [{"name": "default", "driver": "dir"}, {"name": "fast", "driver": "zfs"}]
NETWORKS = [
    {"name": "lxdbr0", "managed": True, "type": "bridge", "config": {}},
    {"name": "eth0", "managed": False, "type": "physical"},
]
ROOT = {"type": "disk", "path": "/", "pool": "default"}
PROFILES = [
    {"name": "default", "devices": {"root": ROOT}, "config": {}},
    {"name": "open", "devices": {}, "config": {"security.privileged": "true"}},
]


class Api:
    """LXD's lists, and a project that forbids what it may."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {
            "profiles": PROFILES, "storage-pools": POOLS, "networks": NETWORKS,
        }  # fmt: skip
        self.projects = {"own": self.answers({"config": {"restricted": "true"}})}

    def answers(self, metadata: Any) -> Any:
        answer = Mock()
        answer.get.return_value.json.return_value = {"metadata": metadata}
        return answer

    def __getitem__(self, kind: str) -> Any:
        return self.answers(self.known[kind])


def lxd(project: str = "") -> Runtime:
    runtime = LxdRuntime(Server(Path("/x"), project))
    runtime._threads.client = Mock(api=Api(), host_info={"environment": {}})
    return runtime


def virtualbox() -> Runtime:
    return VirtualBoxRuntime(Mock(side_effect=AssertionError("asked")))


def libvirt() -> Runtime:
    pytest.importorskip("libvirt", reason="libvirt-python is not installed")
    from abcd_run_libvirt.hardware import Abilities
    from abcd_run_libvirt.runtime import LibvirtRuntime

    runtime = LibvirtRuntime([Mock()])
    runtime._able = Abilities(kvm=False, graphics=frozenset({"vnc"}), video=frozenset({"vga"}))
    return runtime


def podman() -> Runtime:
    return PodmanRuntime(Mock())


def docker() -> Runtime:
    return DockerRuntime(Mock())


@pytest.mark.parametrize(
    ("runtime", "plan"),
    [
        (podman, CONTAINER),
        (docker, CONTAINER),
        (lxd, CONTAINER),
        (lxd, replace(CONTAINER, resources=DISK, options={"pool": "fast", "network": "lxdbr0"})),
        (lxd, replace(CONTAINER, options={"network": "none"})),
        (libvirt, MACHINE),
        (virtualbox, MACHINE),
    ],
)
def test_what_can_be_had_is_not_refused(runtime: Callable[[], Runtime], plan: Plan) -> None:
    runtime().check(plan)


@pytest.mark.parametrize(
    ("runtime", "plan", "said"),
    [
        (podman, replace(CONTAINER, resources=DISK), "podman cannot limit the disk"),
        (docker, replace(CONTAINER, resources=DISK), "docker cannot limit the disk"),
        (lxd, replace(CONTAINER, resources=DISK), "default is a plain folder"),
        (lxd, replace(CONTAINER, options={"pool": "x"}), "no pool 'x'"),
        (lxd, replace(CONTAINER, options={"network": "eth0"}), "no network 'eth0'"),
        (lxd, replace(CONTAINER, options={"profiles": ("x",)}), "no profile 'x'"),
        (lxd, replace(CONTAINER, options={"profiles": ("open",)}), "more than a network"),
        (lxd, replace(CONTAINER, env={"A": "two\nlines"}), "several lines"),
        (libvirt, replace(MACHINE, resources=DISK), "no disk of their own"),
        (libvirt, replace(MACHINE, shares=SHARES), "--share"),
        (libvirt, replace(MACHINE, address="::1"), "IPv4"),
        (libvirt, replace(MACHINE, env={"A": "two\nlines"}), "--env A"),
        (libvirt, replace(MACHINE, options={"display": "spice"}), "no spice"),
        (libvirt, replace(MACHINE, image="a\x07b"), "control characters"),
        (virtualbox, replace(MACHINE, resources=DISK), "no disk of their own"),
        (virtualbox, replace(MACHINE, shares=SHARES), "--share"),
        (virtualbox, replace(MACHINE, address="::1"), "IPv4"),
    ],
)
def test_what_cannot_be_had_is(runtime: Callable[[], Runtime], plan: Plan, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        runtime().check(plan)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (replace(CONTAINER, ports={8080: 9000}), "publish ports"),
        (replace(CONTAINER, env={"A": "b"}), "does not allow this user what the launch needs"),
        (replace(CONTAINER, command=("id",)), "does not allow this user what the launch needs"),
    ],
)
def test_a_project_of_lxds_that_forbids(plan: Plan, said: str) -> None:
    lxd("own").check(CONTAINER)
    with pytest.raises((UsageError, LaunchFailed), match=said) as caught:
        lxd("own").check(plan)
    assert isinstance(caught.value, AbcdRunError)
    assert "restricted" in caught.value.details + caught.value.remedy
