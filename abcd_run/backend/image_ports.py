"""The ports that an image exposes, and the services that they probably are."""

import re

from abcd_run import limits
from abcd_run.errors import ArtifactError
from abcd_run.model import Service

HTTP_PORTS = frozenset({80, 3000, 5000, 8000, 8008, 8080, 8081, 8888, 9000, 10000, 14500})
"""Ports assumed to speak HTTP in images without a profile."""

_OTHER_PORTS = {22: "ssh", 443: "https", 8443: "https", 5900: "vnc", 5901: "vnc"}
_PORT = re.compile(r"[0-9]{1,5}")


def exposed_tcp(ports: "list[str] | tuple[str, ...]") -> list[int]:
    """Return the TCP ports among an image's exposed ones, written as `8080/tcp` or `8080`.

    Raises `ArtifactError` if there are too many to publish one by one.
    """
    numbers = {port.partition("/")[0] for port in ports if not port.endswith(("/udp", "/sctp"))}
    tcp = {int(number) for number in numbers if _PORT.fullmatch(number)}
    tcp = {number for number in tcp if 0 < number < 1 << 16}
    if len(tcp) > limits.PORTS:
        raise ArtifactError(
            f"the image exposes {len(tcp)} ports, more than {limits.PORTS}",
            remedy="name the ones you want: --set services.web.port=8080",
        )
    return sorted(tcp)


def exposed_services(ports: list[int]) -> tuple[Service, ...]:
    """Return services for ports when only their numbers are known."""

    def protocol(port: int) -> str:
        return "http" if port in HTTP_PORTS else _OTHER_PORTS.get(port, "tcp")

    first = next((port for port in ports if port in HTTP_PORTS), None)
    return tuple(
        Service(f"port-{port}", port, protocol(port), open=port == first) for port in ports
    )
