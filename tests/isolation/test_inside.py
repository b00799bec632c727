"""Root's rights inside an instance, tested inside and compared with what the engine reports."""

import json
import socket
import subprocess
from threading import Thread
from typing import Any

import pytest

from abcd_run.testing.cli import abcd_run
from tests.isolation.conftest import Document, Lab

CONTAINERS = ("podman", "docker", "lxd")
ENGINES = ("podman", "docker")

DEVICES = {
    "console",
    "full",
    "null",
    "ptmx",
    "pts/0",
    "pts/ptmx",
    "random",
    "tty",
    "urandom",
    "zero",
}
LXDS = {"fuse", "net/tun"}
"""What LXD gives every container; both belong to the container's own namespaces."""

FROM_DISK = {"/", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/.containerenv"}

CAPABILITIES = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
    "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
    "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
    "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
    "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
    "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
]  # fmt: skip
"""The kernel's capabilities, in its order."""

REFUSED = {
    "a setting of the kernel": "echo 1 >/proc/sys/kernel/sysrq",
    "where the kernel calls a program": "echo '|/x' >/proc/sys/kernel/core_pattern",
    "the host's clock": "date -s 2020-01-01; date +%Y | grep -x 2020",
    "a disk's device": "mknod /tmp/disk b 8 0 && head -c 1 /tmp/disk",
    "the kernel's memory": "mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem",
    "a file system of the kernel's": "mount -t debugfs debugfs /mnt && ls /mnt/*",
    "a driver": "modprobe loop || insmod /etc/passwd",
    "another root": "chroot /proc/1/root/../../.. ls /home/abcdtest",
    "the host's processes": "cat /proc/[0-9]*/comm | grep -x -e dockerd -e lxd",
    "the kernel's trigger": "echo h >/proc/sysrq-trigger",
}


def _inside(instance: Document, *command: str) -> tuple[int, str]:
    ended = abcd_run("exec", "--user", "root", instance["name"], "--", *command)
    return ended.status, ended.out


def _status(instance: Document) -> dict[str, str]:
    _, text = _inside(instance, "cat", "/proc/1/status")
    return {
        key: value.strip() for key, _, value in (row.partition(":") for row in text.splitlines())
    }


def _container(lab: Lab, runtime: str) -> Document:
    if runtime not in lab.instances:
        pytest.skip(f"{runtime} is not among ABCD_RUN_ENGINES")
    return lab.instances[runtime]


def _said_by(*command: str) -> Any:
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.parametrize("runtime", CONTAINERS)
def test_devices(lab: Lab, runtime: str) -> None:
    """Only the devices that every program needs, and none of the host's."""
    find = ("find", "/dev", "-type", "b", "-o", "-type", "c")
    devices = {
        path.removeprefix("/dev/") for path in _inside(_container(lab, runtime), *find)[1].split()
    }
    assert {"null", "zero"} <= devices
    assert devices - DEVICES <= (LXDS if runtime == "lxd" else set())


@pytest.mark.parametrize("runtime", CONTAINERS)
def test_mounts(lab: Lab, runtime: str) -> None:
    """Host disks provide only the container's own root and a few files of the engine."""
    _, text = _inside(_container(lab, runtime), "cat", "/proc/self/mountinfo")
    rows = [line.split(" - ") for line in text.splitlines()]
    assert len(rows) > 5
    disk = {left.split()[4] for left, right in rows if right.split()[1].startswith("/dev/")}
    assert disk <= FROM_DISK


@pytest.mark.parametrize("runtime", CONTAINERS)
def test_calls_are_filtered(lab: Lab, runtime: str) -> None:
    """The engine's system call filter is active."""
    assert _status(_container(lab, runtime))["Seccomp"] == "2"


@pytest.mark.parametrize("runtime", CONTAINERS)
def test_root_is_who_it_is_said_to_be(lab: Lab, runtime: str) -> None:
    """Root inside is the host user that the launch reports, and not root."""
    instance = _container(lab, runtime)
    rows = [line.split() for line in _inside(instance, "cat", "/proc/self/uid_map")[1].splitlines()]
    assert [int(outside) for inside, outside, _ in rows if inside == "0"] == [instance["host_root"]]
    assert all(int(outside) for _, outside, _ in rows)


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("runtime", CONTAINERS)
def test_root_is_refused(lab: Lab, runtime: str, what: str) -> None:
    """Actions that would affect the host's kernel or its other users are refused."""
    status, out = _inside(_container(lab, runtime), "sh", "-c", REFUSED[what])
    assert status != 0, out


@pytest.mark.parametrize("runtime", ENGINES)
def test_rights_are_those_that_the_engine_says(lab: Lab, runtime: str) -> None:
    """Capabilities and no-new-privileges, as inspected and as the kernel has them."""
    kernel = _status(_container(lab, runtime))
    (facts,) = _said_by(runtime, "inspect", lab.instances[runtime]["runtime_id"])
    mask = int(kernel["CapBnd"], 16)
    held = {name for bit, name in enumerate(CAPABILITIES) if mask >> bit & 1}
    assert mask < 1 << len(CAPABILITIES)
    host = facts["HostConfig"]
    assert not host["Privileged"]
    assert not [name for name in host["CapDrop"] or () if name.removeprefix("CAP_") in held]
    if runtime == "podman":
        assert {name.removeprefix("CAP_") for name in facts["EffectiveCaps"]} == held
    assert kernel["NoNewPrivs"] == "1"
    assert any("no-new-privileges" in option for option in host["SecurityOpt"])


@pytest.mark.parametrize("runtime", CONTAINERS)
def test_the_hosts_loopback_is_not_reached(lab: Lab, runtime: str) -> None:
    """The host's loopback services are not reachable through the address of the host."""
    instance = _container(lab, runtime)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        Thread(target=_greet, args=(server,), daemon=True).start()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as own:
            assert own.recv(9) == b"reached"
        gateway = "$(ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p')"
        ask = f"for to in {gateway} 10.0.2.2; do nc -w 3 $to {port} </dev/null; done; true"
        status, out = _inside(instance, "sh", "-c", ask)
        assert (status, out) == (0, "")


def _greet(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"reached")
