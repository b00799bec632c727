"""Check how far an instance has come, through the service that the person will use."""

import base64
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from abcd_run import limits
from abcd_run.backend import record
from abcd_run.host import bounded_reader
from abcd_run.host.bounded_match import Unusable, says
from abcd_run.launch import endpoints, listener
from abcd_run.model import Instance, Ready, Service, Stage
from abcd_run.plugins import readiness_kinds
from abcd_run.plugins.readiness_kinds import Answer

TRY_SECONDS = 2.0
"""How long one look may take; a look at a page that is not there yet is repeated."""

LONGEST_TRY_SECONDS = 30.0
WAITED_PER_TRY = 10
"""How long one look may take, as a part of the time waited so far.

A guest that takes minutes to boot also answers slowly; one that boots in seconds does not, and a
lost request should not hold up the wait.
"""

ACCEPT_SECONDS = 0.15
"""How long a plain port must stay open before it counts.

Port forwarders such as rootlessport accept a connection at once and drop it when nothing listens
inside.
"""

CONSOLE_OVERLAP = 1 << 16
"""How many bytes of console a pattern of several lines may span and still be found."""

WEB = ("http", "https")
GREETING = b"SSH-"
"""What every ssh server says first."""

HTTP_OK = range(200, 400)
HTTP_UP = range(100, 500)


def patience(waited: float) -> float:
    """Return how long the next look may take after `waited` seconds."""
    return min(max(TRY_SECONDS, waited / WAITED_PER_TRY), LONGEST_TRY_SECONDS)


def look(
    instance: Instance,
    *,
    console: Callable[[], Iterable[bytes]] | None = None,
    seconds: float = TRY_SECONDS,
) -> Answer:
    """Return the stage that an instance has reached, within `seconds`; never raises.

    `console` yields the instance's output so far, for profiles that wait for a line.
    """
    if not instance.running:
        return Answer(Stage.CREATED, instance.state or "not running")
    if instance.silent:
        return Answer(Stage.RUNNING, instance.state)
    ready = record.read(instance.labels).ready
    if instance.stage is not None:
        return _by_runtime(instance, instance.stage, ready, console, seconds=seconds)
    if ready.kind:
        return _by_plugin(ready, instance, seconds=seconds)
    if ready.console:
        return _by_console(ready.console, console() if console else (), time.monotonic() + seconds)
    return _by_service(instance, ready, seconds=seconds)


def _by_runtime(
    instance: Instance,
    stage: Stage,
    ready: Ready,
    console: Callable[[], Iterable[bytes]] | None,
    *,
    seconds: float,
) -> Answer:
    """Return what a runtime knows of a page that somebody must open, once the page answers."""
    until = time.monotonic() + seconds
    for page in (one for one in instance.endpoints if one.protocol in WEB):
        service = Service(page.service, 0, page.protocol, path=urlsplit(page.url).path or "/")
        answer = _service(service, instance, lenient=False, seconds=seconds)
        if answer.stage is not Stage.READY:
            return answer
    if stage is not Stage.READY or not ready.console:
        return Answer(stage, instance.state)
    answer = _by_console(ready.console, console() if console else (), until)
    return replace(answer, stage=max(answer.stage, Stage.REACHABLE))


def _by_service(instance: Instance, ready: Ready, *, seconds: float) -> Answer:
    wanted = {service.name: service for service in endpoints.services(instance)}
    service = wanted.get(ready.service) or next(iter(wanted.values()), None)
    if service is None:
        return Answer(Stage.READY)
    if endpoints.place(service, instance) is None:
        return Answer(Stage.RUNNING, f"port {service.port} is not published")
    return _by_named_service(service, ready, instance, seconds=seconds)


def _by_plugin(ready: Ready, instance: Instance, *, seconds: float) -> Answer:
    try:
        return readiness_kinds.loaded(ready.kind).look(instance, ready.options, seconds=seconds)
    except Exception as error:  # noqa: BLE001  (a plug-in's code, or no longer installed)
        return Answer(Stage.RUNNING, f"{ready.kind}: {error}")


def _by_console(wanted: str, pieces: Iterable[bytes], until: float) -> Answer:
    try:
        for window in _windows(pieces):
            if says(window, wanted):
                return Answer(Stage.READY)
            if time.monotonic() > until:
                return Answer(Stage.RUNNING, "its console prints more than can be read in time")
    except Unusable as error:  # another version accepted it as a regular expression
        return Answer(Stage.RUNNING, f"{wanted!r} is not a usable regular expression: {error}")
    return Answer(Stage.RUNNING, "waiting for the console's line")


def _windows(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a console's text in pieces of whole lines, to search for a pattern.

    The pieces overlap, since a pattern may span several lines. A guest can print forever, and
    never end a line.
    """
    held = b""
    for piece in pieces:
        held += piece
        if len(held) > limits.TEXT_BYTES:
            whole = held.rfind(b"\n") + 1 or len(held)
            yield held[:whole]
            begin = max(0, whole - CONSOLE_OVERLAP)
            held = held[held.find(b"\n", begin, whole - 1) + 1 or begin :]
    yield held


def _by_named_service(
    service: Service, ready: Ready, instance: Instance, *, seconds: float
) -> Answer:
    asked = replace(service, path=ready.path or service.path)
    answer = _service(asked, instance, lenient=ready.lenient, seconds=seconds)
    if ready.path and answer.stage is Stage.REACHABLE:
        return replace(answer, seen=f"waiting for {service.name}'s {ready.path}")
    return answer


def _service(service: Service, instance: Instance, *, lenient: bool, seconds: float) -> Answer:
    address, port = endpoints.place(service, instance) or ("", 0)
    at = (listener.EVERYWHERE.get(address, address), port)
    until = time.monotonic() + seconds
    try:
        with socket.create_connection(at, timeout=seconds) as connection:
            # Checked once connected: a process that starts listening later gets nothing.
            if stranger := listener.stranger(instance, at):
                return Answer(Stage.RUNNING, f"the listener at port {port} is {stranger}")
            if service.protocol == "ssh":
                return _ssh(connection, until)
            if service.protocol not in WEB:
                return _tcp(connection, port)
            user = record.read(instance.labels).user
            who = f"{user}:{instance.password}"
            status = _http(service, connection, at, who=who, until=until)
            return _judge(status, service, lenient=lenient)
    except (OSError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return Answer(Stage.RUNNING, f"{service.name} does not answer yet: {reason}")


def _ssh(connection: socket.socket, until: float) -> Answer:
    """Wait for the server's greeting: a port forward accepts before anything listens inside."""
    connection.settimeout(bounded_reader.left(until))
    if connection.recv(len(GREETING)).startswith(GREETING):
        return Answer(Stage.READY)
    return Answer(Stage.RUNNING, "ssh does not greet yet")


def _judge(status: int, service: Service, *, lenient: bool) -> Answer:
    if status in (HTTP_UP if lenient else HTTP_OK):
        return Answer(Stage.READY)
    return Answer(Stage.REACHABLE, f"{service.name} answers with HTTP status {status}")


def _http(
    service: Service,
    connection: socket.socket,
    at: tuple[str, int],
    *,
    who: str,
    until: float,
) -> int:
    """Return the status of a page; the whole exchange, with its handshake, must end by `until`."""
    asking = http.client.HTTPConnection(*at)
    if service.protocol == "https":
        connection.settimeout(bounded_reader.left(until))
        # An instance signs its own certificate; we only want to know whether it answers.
        context = ssl._create_unverified_context()  # noqa: S323, SLF001
        connection = context.wrap_socket(connection, server_hostname=at[0])
    asking.sock = bounded_reader.Connection(connection, until)
    token = base64.b64encode(who.encode()).decode()
    try:
        asking.request(
            "GET", endpoints.quoted(service.path), headers={"Authorization": f"Basic {token}"}
        )
        return asking.getresponse().status
    finally:
        asking.close()


def _tcp(connection: socket.socket, port: int) -> Answer:
    connection.settimeout(ACCEPT_SECONDS)
    try:
        if not connection.recv(1):
            return Answer(Stage.RUNNING, f"port {port} closes at once")
    except TimeoutError:
        pass
    return Answer(Stage.READY)
