"""A tab as the server sees it: requests over HTTP."""

import base64
import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from abcd_run.model import Instance

USER = "abcd"
SECONDS = 30.0
Headers = dict[str, str]
Does = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def basic(user: str, password: str) -> Headers:
    return {"Authorization": f"Basic {encoded(f'{user}:{password}'.encode())}"}


def asked(
    instance: Instance,
    path: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Headers | None = None,
) -> Answer:
    """Send one request with exactly these headers; a `Host` is added where they have none."""
    place = urlsplit(instance.endpoints[0].url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=SECONDS)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(), dict(answer.headers))
    finally:
        connection.close()


@dataclass
class Tab:
    """One tab of the person's browser, which knows the password."""

    instance: Instance
    word: str = "0123456789abcdef"
    token: str = ""
    jobs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        self.token = self.get("/machine.json").json["channel"]["token"]

    @property
    def headers(self) -> Headers:
        return basic(USER, self.instance.password)

    def get(self, path: str, **more: str) -> Answer:
        return asked(self.instance, path, headers={**self.headers, **more})

    def post(self, path: str, body: object, **more: str) -> Answer:
        given = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self.headers, "X-Abcd-Tab": self.token, **more}
        return asked(self.instance, path, method="POST", body=given, headers=headers)

    def hello(self, **more: object) -> Answer:
        return self.post("/channel/hello", {"tab": self.word, **more})

    def tells(self, stage: str, console: bytes = b"", why: str = "") -> Answer:
        body = {"stage": stage, "why": why, "console": encoded(console)}
        return self.post(f"/channel/told?tab={self.word}", body)

    def work(self) -> Answer:
        return self.get(f"/channel/work?tab={self.word}", **{"X-Abcd-Tab": self.token})

    def answer(self, number: str, body: object) -> Answer:
        return self.post(f"/channel/answer?tab={self.word}&id={number}", body)

    @contextmanager
    def working(self, does: Does) -> Iterator[None]:
        """Do jobs in another thread until the block ends; the machine is ready before it begins."""
        assert self.hello().status == 200
        assert self.tells("ready").status == 200
        over = Event()

        def work() -> None:
            while not over.is_set():
                with suppress(OSError, http.client.HTTPException):
                    got = self.work()
                    if got.status != 200 or "id" not in got.json:
                        return
                    self.jobs.append(got.json)
                    self.answer(got.json["id"], does(got.json))

        thread = Thread(target=work, daemon=True)  # a poll may last for 20 s
        thread.start()
        try:
            yield
        finally:
            over.set()


def ended(status: int = 0, out: bytes = b"", err: bytes = b"") -> dict[str, Any]:
    """Return the answer of a command that has ended."""
    return {"status": status, "out": encoded(out), "err": encoded(err)}
