"""What a libvirt machine reaches on its host: all that its owner does, or only its own ports."""

import socket
from threading import Thread

import pytest

from abcd_run.testing.cli import abcd_run, http_status, launch
from tests.engines_here import need

HOST = "10.0.2.2"
"""The address of the host's loopback in QEMU's user network."""

WORD = b"a service of the host's loopback\n"
ASK = "nc -w 10 {host} {port} </dev/null 2>&1; echo end"


def _greet(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed: the test is over
            return
        with connection:
            connection.sendall(WORD)


@pytest.mark.parametrize(("network", "reached"), [("user", True), ("isolated", False)])
def test_what_is_reached(network: str, *, reached: bool) -> None:
    """Both networks publish ports; docs/security.md says what else the default one reaches."""
    need("libvirt")
    name = f"loopback-{network}"
    change = f"on.libvirt.network={network}"
    (machine,) = launch("--on", "libvirt", "--name", name, "--set", change, "abcd4demo")
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            Thread(target=_greet, args=(listener,), daemon=True).start()
            ask = ASK.format(host=HOST, port=listener.getsockname()[1])
            said = abcd_run("exec", name, "--", "sh", "-c", ask).out
            listener.shutdown(socket.SHUT_RDWR)
        url = machine["endpoints"][0]["url"]
        assert http_status(url, user="abcd", password=machine["password"])[0] == 200
        assert said.endswith("end\n")
        assert (WORD.decode() in said) is reached
    finally:
        assert abcd_run("stop", name).status == 0
