"""What container engines say of a port that somebody has."""

import pytest

from abcd_run.backend import refusals
from abcd_run.errors import PortTaken


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("rootlessport listen tcp 127.0.0.1:8080: bind: address already in use", 8080),
        ("cannot listen on the TCP port: listen tcp4 :8081: bind: address already in use", 8081),
        ("listen tcp [::1]:8082: bind: address already in use", 8082),
        ("Bind for 127.0.0.1:80 failed: port is already allocated", 80),
        (
            "failed to bind host port for 127.0.0.1:8083:172.17.0.2:80/tcp: address already in use",
            8083,
        ),
        ("failed to bind host port 127.0.0.1:8084/tcp: address already in use", 8084),
        ("Failed to bind port 8085 (Address already in use) for option '-t'", 8085),
        ("listen tcp4: bind: address already in use", None),
    ],
)
def test_which_port_is_taken(text: str, port: int | None) -> None:
    error = refusals.meaning(text, engine="engine", doing="start it")
    assert isinstance(error, PortTaken)
    assert error.port == port
