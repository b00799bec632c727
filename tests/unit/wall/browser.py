"""A client that asks a wall, and helpers that wait for it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Event
from typing import Any

from abcd_run.testing.fake import FakeEngine
from abcd_run.wall.server import Wall

SECONDS = 30


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Browser:
    """A client of a wall; it differs from this user's browser only in what a test says."""

    wall: Wall

    def ask(self, below: str = "", *, method: str = "GET", **otherwise: str) -> Reply:
        path = otherwise.get("path", f"/{self.wall.token}/{below}")
        name = otherwise.get("host", f"127.0.0.1:{self.wall.server_port}")
        connection = HTTPConnection("127.0.0.1", self.wall.server_port, timeout=SECONDS)
        try:
            connection.request(method, path, headers={"Host": name})
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def list(self) -> Any:
        return self.ask("instances.json").json


Serve = Callable[..., Browser]


def waits(released: Event) -> Callable[[], None]:
    """Return a step that blocks until it is released."""

    def wait() -> None:
        assert released.wait(SECONDS)

    return wait


def password(engine: FakeEngine) -> str:
    return next(iter(engine.held.values())).plan.seed.password
