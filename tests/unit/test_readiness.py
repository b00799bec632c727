"""How far an instance has come, tested with real sockets."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from itertools import repeat
from json import dumps
from select import select
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from abcd_run import limits
from abcd_run.errors import LaunchFailed
from abcd_run.host import sockets, this_host
from abcd_run.launch import endpoints, listener, readiness
from abcd_run.model import Endpoint, Instance, Ready, Service, Stage
from abcd_run.plugins import readiness_kinds
from abcd_run.testing.page import Listener, Page
from abcd_run.viewing import handover

WEB = Service("web", 8080, "http", open=True)
SSH = Service("ssh", 22, "ssh")
PLAIN = Service("plain", 22, "tcp")
SECONDS = 30


def instance(
    *services: Service, ready: Ready | None = None, ports: dict[int, Any], **facts: Any
) -> Instance:
    profile = {
        "user": "abcd",
        "services": [asdict(service) for service in services],
        "ready": asdict(ready or Ready()),
    }
    return Instance(
        name="one",
        runtime="fake",
        runtime_id="1",
        labels={"abcd-run.profile": dumps(profile)},
        password="secret",
        ports=ports,
        **{"running": True, **facts},
    )


@contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """Serve one connection by hand."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                talk(connection)

        thread = Thread(target=serve)
        thread.start()
        yield listening.getsockname()
        thread.join()


def closes(connection: socket.socket) -> None:
    """Do what rootlessport does when nobody listens inside."""


def greets(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-x\r\n")


def babbles(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"this is not HTTP\r\n\r\n")


@pytest.mark.parametrize(
    ("service", "talk", "stage", "seen"),
    [
        (PLAIN, closes, Stage.RUNNING, "port \\d+ closes at once"),
        (SSH, closes, Stage.RUNNING, "ssh does not greet yet"),
        (SSH, greets, Stage.READY, ""),
        (WEB, closes, Stage.RUNNING, "web does not answer yet: .+"),
        (WEB, babbles, Stage.RUNNING, "web does not answer yet: .+"),
    ],
)
def test_ports(
    service: Service, talk: Callable[[socket.socket], None], stage: Stage, seen: str
) -> None:
    import re

    with server(talk) as address:
        answer = readiness.look(instance(service, ports={service.port: address}))
    assert answer.stage is stage
    assert re.fullmatch(seen, answer.seen)


def drips(connection: socket.socket) -> None:
    """Send one more byte within every timeout, forever."""
    with suppress(OSError):
        while not select([connection], [], [], 0.05)[0] or connection.recv(4096):
            connection.sendall(b"x")


def goes_on(connection: socket.socket) -> None:
    """Send "100 Continue" forever."""
    with suppress(OSError):
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def heads(connection: socket.socket) -> None:
    """Answer with a head that never ends."""
    with suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not select([connection], [], [], 0.05)[0] or connection.recv(4096):
            connection.sendall(b"a: b\r\n")


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("protocol", ["http", "https"])
@pytest.mark.parametrize("talk", [drips, goes_on, heads])
def test_who_never_comes_to_an_end_is_not_waited_for(
    talk: Callable[[socket.socket], None], protocol: str
) -> None:
    with server(talk) as address:
        begun = time.monotonic()
        launched = instance(Service("web", 8080, protocol), ports={8080: address})
        answer = readiness.look(launched, seconds=0.4)
        assert time.monotonic() - begun < SECONDS / 3
    assert answer.stage is Stage.RUNNING


@pytest.mark.parametrize("stranger", [this_host.user() + 1, None])
def test_no_password_for_who_listens_in_an_instances_place(
    stranger: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "IS_TOLD", True)
    page = Page(("127.0.0.1", 0), "abcd:secret")
    launched = instance(WEB, ports={8080: page.address})
    monkeypatch.setattr(sockets, "listener", lambda _at: stranger)
    answer = readiness.look(launched)
    assert (answer.stage, page.asked) == (Stage.RUNNING, 0)
    assert "the listener" in answer.seen
    assert readiness.look(replace(launched, publishers=(stranger or 0,))).stage is (
        Stage.READY if stranger else Stage.RUNNING
    )
    monkeypatch.setattr(sockets, "IS_TOLD", False)
    assert readiness.look(launched).stage is Stage.READY
    page.close()


def test_what_is_elsewhere_has_no_listener_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "IS_TOLD", True)
    monkeypatch.setattr(sockets, "listener", lambda _at: None)
    there = instance(WEB, ports={})
    assert listener.stranger(there, ("192.0.2.1", 80)) == ""
    assert listener.stranger(there, ("127.9.9.9", 80)) == "an unknown process"
    assert listener.stranger(there, ("0.0.0.0", 80)) == "an unknown process"
    with pytest.raises(LaunchFailed, match="is an unknown process, not the instance"):
        listener.check(there, Endpoint("web", "http", "http://127.0.0.1:80/"))
    listener.check(there, Endpoint("web", "http", "http://192.0.2.1:80/"))


def test_whom_it_costs_little_to_know() -> None:
    """Neither this nor other connections may slow down a look at an instance."""
    page = Page(("127.0.0.1", 0), "abcd:secret")
    there = instance(WEB, ports={8080: page.address})
    assert listener.stranger(there, page.address) == ""
    begun = time.process_time()
    for _ in range(100):
        listener.stranger(there, page.address)
    assert time.process_time() - begun < 0.2
    page.close()


def test_a_silent_port_that_stays_open_is_ready() -> None:
    plain = Listener(("127.0.0.1", 0))
    answer = readiness.look(instance(PLAIN, ports={22: plain.address}))
    plain.close()
    assert answer.stage is Stage.READY


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    assert readiness.look(instance(WEB, ports={8080: address})).stage is Stage.RUNNING


@pytest.mark.parametrize(
    ("status", "lenient", "stage"),
    [
        (200, False, Stage.READY),
        (302, False, Stage.READY),
        (401, False, Stage.REACHABLE),
        (404, False, Stage.REACHABLE),
        (503, False, Stage.REACHABLE),
        (401, True, Stage.READY),
        (404, True, Stage.READY),
        (503, True, Stage.REACHABLE),
    ],
)
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_pages(status: int, lenient: bool, stage: Stage, address: str) -> None:
    page = Page(("127.0.0.1", 0), "abcd:secret", status=status)
    ready = Ready("web", lenient=lenient)
    seen = readiness.look(instance(WEB, ready=ready, ports={8080: (address, page.address[1])}))
    page.close()
    assert seen.stage is stage
    assert page.asked == 1
    assert (f"HTTP status {status}" in seen.seen) == (stage is Stage.REACHABLE)


def test_the_password_is_used() -> None:
    page = Page(("127.0.0.1", 0), "abcd:another")
    assert readiness.look(instance(WEB, ports={8080: page.address})).stage is Stage.REACHABLE
    page.close()


def test_a_slow_page_is_ready_for_who_waits_long_enough() -> None:
    """An interpreted machine takes seconds for each page, however long it has been up."""
    page = Page(("127.0.0.1", 0), "abcd:secret", seconds=0.5)
    launched = instance(WEB, ports={8080: page.address})
    seen = [readiness.look(launched, seconds=seconds).stage for seconds in (0.1, 5)]
    page.close()
    assert seen == [Stage.RUNNING, Stage.READY]


@pytest.mark.parametrize(
    ("waited", "seconds"), [(0, 2), (19, 2), (60, 6), (300, 30), (86400, 30), (-5, 2)]
)
def test_patience_grows_with_the_time_that_was_waited(waited: float, seconds: float) -> None:
    assert readiness.patience(waited) == seconds


@pytest.mark.parametrize("path", ["/ü", "/a b", "/100%", "/%20", "/?q=ö"])
def test_any_path_can_be_asked_for(path: str) -> None:
    page = Page(("127.0.0.1", 0), "abcd:secret")
    launched = instance(Service("web", 8080, "http", path), ports={8080: page.address})
    seen = readiness.look(launched)
    page.close()
    assert seen.stage is Stage.READY, seen
    (endpoint,) = endpoints.endpoints(launched)
    assert endpoint.url.isascii()
    assert " " not in endpoint.url


@pytest.mark.parametrize(
    ("own", "path", "asked", "says"),
    [
        ("/desk", "", "/desk", "web answers with HTTP status 503"),
        ("/desk", "/drawn?a=b", "/drawn?a=b", "waiting for web's /drawn?a=b"),
    ],
)
def test_the_readys_path_is_the_one_that_is_asked(
    own: str, path: str, asked: str, says: str
) -> None:
    page = Page(("127.0.0.1", 0), "abcd:secret", status=503)
    service = Service("web", 8080, "http", own)
    launched = instance(service, ready=Ready("web", path=path), ports={8080: page.address})
    seen = readiness.look(launched)
    page.close()
    assert page.paths == [asked]
    assert seen == readiness_kinds.Answer(Stage.REACHABLE, says)
    # People are still sent to the service's own path.
    assert endpoints.endpoints(launched)[0].url.endswith(own)


@pytest.mark.parametrize(
    ("printed", "stage"),
    [(b"", Stage.RUNNING), (b"booting\nlogin: ", Stage.READY), (b"\xff no login:", Stage.RUNNING)],
)
def test_console(printed: bytes, stage: Stage) -> None:
    launched = instance(ready=Ready(console="^login:"), ports={})
    assert readiness.look(launched, console=lambda: [printed]).stage is stage


@pytest.mark.slow
@pytest.mark.parametrize("before", [0, 1, 99, 100, 101, 1_000])
@pytest.mark.parametrize("after", [0, 1_000])
@pytest.mark.parametrize("size", [7, 1_000])
def test_a_console_of_any_length(
    before: int, after: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line counts wherever it is, but only as a whole."""
    monkeypatch.setattr(limits, "TEXT_BYTES", 500)
    monkeypatch.setattr(readiness, "CONSOLE_OVERLAP", 100)
    text = b"going on\n" * before + b"all\nready\n" + b"no ready\nready or not\n" * after

    def seen(text: bytes) -> Stage:
        pieces = [text[place : place + size] for place in range(0, len(text), size)]
        launched = instance(ready=Ready(console="^all\\nready$"), ports={})
        return readiness.look(launched, console=lambda: pieces).stage

    assert seen(text) is Stage.READY
    assert seen(text.replace(b"all", b"and")) is Stage.RUNNING


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("piece", [b"x" * 65536, b"a line\n" * 8192])
def test_a_console_without_end(piece: bytes) -> None:
    launched = instance(ready=Ready(console="^login:"), ports={})
    answer = readiness.look(launched, console=lambda: repeat(piece), seconds=0.2)
    assert answer.stage is Stage.RUNNING
    assert "more than can be read in time" in answer.seen


def test_a_mangled_expression_is_no_crash() -> None:
    seen = readiness.look(instance(ready=Ready(console="("), ports={}), console=lambda: [b"("])
    assert seen.stage is Stage.RUNNING
    assert "not a usable regular expression" in seen.seen


def test_what_needs_no_waiting() -> None:
    assert readiness.look(instance(ports={})).stage is Stage.READY
    ended = instance(WEB, ports={}, running=False, state="exited with status 1")
    assert readiness.look(ended) == readiness_kinds.Answer(Stage.CREATED, "exited with status 1")
    unpublished = readiness.look(instance(WEB, ports={}))
    assert unpublished == readiness_kinds.Answer(Stage.RUNNING, "port 8080 is not published")


def test_ssh_that_accepts_and_says_nothing_is_not_ready() -> None:
    """As QEMU's forward to a machine that still boots."""
    silent = Listener(("127.0.0.1", 0))
    asked = instance(SSH, ports={22: silent.address})
    assert readiness.look(asked, seconds=0.2).stage is Stage.RUNNING
    silent.close()


def test_the_readys_service_is_the_one_that_is_asked() -> None:
    page, plain = Page(("127.0.0.1", 0), "x:y"), Listener(("127.0.0.1", 0))
    ports = {8080: page.address, 22: plain.address}
    both = instance(WEB, PLAIN, ready=Ready("plain"), ports=ports)
    assert readiness.look(both).stage is Stage.READY
    page.close()
    plain.close()
    assert page.asked == 0


# Endpoints

SCREEN = Endpoint("screen", "spice", "spice://127.0.0.1:5900")


@pytest.mark.parametrize(
    ("service", "address", "url"),
    [
        (WEB, "127.0.0.1", "http://127.0.0.1:5/"),
        (Service("w", 1, "https", "/vnc.html?a=b"), "::1", "https://[::1]:5/vnc.html?a=b"),
        (SSH, "127.0.0.1", "ssh://abcd@127.0.0.1:5"),
        (Service("v", 1, "vnc", "/"), "127.0.0.1", "vnc://127.0.0.1:5"),
    ],
)
def test_urls(service: Service, address: str, url: str) -> None:
    reached = endpoints.endpoints(instance(service, ports={service.port: (address, 5)}))
    assert reached == (Endpoint(service.name, service.protocol, url),)


def test_a_path_cannot_become_another_host() -> None:
    """The password comes before the host."""
    assert endpoints.quoted("@evil.example/") == "/@evil.example/"
    url = handover.with_login(f"http://127.0.0.1:5{endpoints.quoted('@evil.example')}", "a", "b")
    assert urlsplit(url).hostname == "127.0.0.1"


def test_ports_that_no_profile_names_are_guessed_at() -> None:
    at = ("127.0.0.1", 5)
    guessed = endpoints.endpoints(instance(SSH, ports={8080: at, 22: at, 443: at, 7777: at}))
    assert [(one.service, one.protocol) for one in guessed] == [
        ("ssh", "ssh"),
        ("port-443", "https"),
        ("port-7777", "tcp"),
        ("port-8080", "http"),
    ]


@pytest.mark.parametrize(
    ("services", "screens", "shown"),
    [
        ((), (), None),
        ((SSH,), (), None),
        ((SSH,), (SCREEN,), "screen"),
        ((SSH, Service("page", 1, "http")), (SCREEN,), "screen"),
        ((SSH, Service("page", 1, "http")), (), "page"),
        ((WEB, Service("page", 1, "http")), (SCREEN,), "web"),
        ((Service("v", 2, "vnc", open=True), Service("page", 1, "http")), (SCREEN,), "v"),
    ],
)
def test_to_open(
    services: tuple[Service, ...], screens: tuple[Endpoint, ...], shown: str | None
) -> None:
    ports = {service.port: ("127.0.0.1", 5) for service in services}
    endpoint = endpoints.to_open(instance(*services, ports=ports, screens=screens))
    assert (endpoint.service if endpoint else None) == shown
