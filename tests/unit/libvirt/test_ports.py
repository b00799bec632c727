"""Port forwards: QEMU's commands and its answers."""

import socket
from dataclasses import replace

import pytest

from abcd_run.errors import LaunchFailed, PortTaken
from abcd_run.model import Plan, Service

pytest.importorskip("libvirt_qemu", reason="libvirt-python is not installed")
from abcd_run_libvirt.ports import commands, parsed, refused

USERNET = (
    "Hub -1 (hostnet0):\r\n"
    "  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n"
    "  TCP[HOST_FORWARD]  13               * 42615       10.0.2.15    23     0     0\r\n"
    "  TCP[HOST_FORWARD]  11       127.0.0.1 38981       10.0.2.15  8080     0     0\r\n"
    "  TCP[ESTABLISHED]   14       127.0.0.1 38981       10.0.2.15  9999     0     0\r\n"
    "  UDP[236 sec]       15       10.0.2.15 50000        10.0.2.3    53     0     0\r\n"
)


def test_what_qemu_says_is_read() -> None:
    assert parsed(USERNET) == {23: ("0.0.0.0", 42615), 8080: ("127.0.0.1", 38981)}
    assert parsed("") == {}


def test_the_kernel_chooses_a_port_unless_the_user_does(plan: Plan) -> None:
    plan = replace(
        plan, services=(Service("web", 8080), Service("ssh", 22), Service("again", 22)),
        ports={22: 2022},
    )  # fmt: skip
    assert commands(plan) == [
        "hostfwd_add hostnet0 tcp:127.0.0.1:0-:8080",
        "hostfwd_add hostnet0 tcp:127.0.0.1:2022-:22",
    ]
    assert commands(replace(plan, address="0.0.0.0"))[0] == "hostfwd_add hostnet0 tcp::0-:8080"


REFUSED = "Could not set up host forwarding rule 'tcp:127.0.0.1:2022-:22'"


def test_which_port_somebody_has(plan: Plan) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        error = refused(replace(plan, ports={22: port}), 22, REFUSED)
    assert isinstance(error, PortTaken)
    assert error.port == port


def test_an_address_of_another_host_is_no_taken_port(plan: Plan) -> None:
    error = refused(replace(plan, address="192.0.2.1"), 22, REFUSED)
    assert type(error) is LaunchFailed
    assert error.message == "QEMU cannot listen on 192.0.2.1"
    assert "--address" in error.remedy
