"""How to reach the API server: JSON documents over one HTTP client that all threads share.

The documents stay plain: a newer or older server has other fields, and none of them matters here.
"""

import json
import math
import time
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

import httpx2
from lightkube.config.client_adapter import AsyncClient, Client, ConnectionParams

from abcd_run import limits
from abcd_run.concurrency.cancel import current
from abcd_run_kubernetes.errors import NOT_FOUND, TOO_MANY, Status, said_in
from abcd_run_kubernetes.kubeconfig import Place
from abcd_run_kubernetes.names import SELECTOR

Document = dict[str, Any]

CONNECT_SECONDS, ANSWER_SECONDS = 4.0, 30.0
TRIES, MOST_SECONDS = 6, 30.0
"""How often a server that is too busy is asked again, and the longest wait that it may order."""

AWAY_SECONDS, LOOK_SECONDS = 30.0, 0.5
"""How long a server that answered just before may be away, and how often it is asked: it may be
started anew in the middle of a launch."""

SETTLING_SECONDS = 10.0
"""How long a server that is back may refuse what it will allow: it reads first who may do what."""

SETTLING = (401, 403, 503)

UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout)
"""What a request fails with that the server has not seen."""

GROUPS = {"ingresses": "networking.k8s.io"}
"""The groups of the kinds that are not Kubernetes' core, in servers from 1.19 on."""

LIST_BYTES = 64 * limits.MIB
"""The most that is read of one answer: a thousand pods are 10 MiB."""

PATCH = {"Content-Type": "application/merge-patch+json"}


def parameters(place: Place) -> ConnectionParams:
    """Return how long to wait for the server, and whether the environment's proxy leads to it.

    As for kubectl, none does to a server on this host: a proxy would look for it on its own.
    """
    timeout = httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    return ConnectionParams(timeout=timeout, trust_env=not _is_on_this_host(place.server))


def _is_on_this_host(url: str) -> bool:
    host = httpx2.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


def asynchronous(place: Place) -> httpx2.AsyncClient:
    """Return a client for coroutines, with the context's login."""
    return AsyncClient(place.config, parameters(place))


class Api:
    """The API server of a place, as its user."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._client = Client(place.config, parameters(place))
        self._answered, self._missed = -math.inf, -math.inf

    def path(self, kind: str, name: str = "", *, sub: str = "") -> str:
        """Return the address of a namespace's objects of a kind, of one, or of a part of one."""
        group = f"/apis/{GROUPS[kind]}/v1" if kind in GROUPS else "/api/v1"
        words = [group, "namespaces", self.place.namespace, kind, name, sub]
        return "/".join(word for word in words if word)

    def get(self, path: str, **params: str) -> Document:
        """Return a document. Raises `Status`, or httpx2's errors."""
        return self._asked("GET", path, params=params)

    def find(self, kind: str, name: str) -> Document | None:
        """Return one object of the namespace; None if there is none."""
        try:
            return self.get(self.path(kind, name))
        except Status as error:
            if error.code == NOT_FOUND:
                return None
            raise

    def ours(self, kind: str) -> list[Document]:
        """Return all objects of a kind that have our label, by one question."""
        return self.get(self.path(kind), labelSelector=SELECTOR).get("items") or []

    def post(self, path: str, document: Document) -> Document:
        """Create an object, and return it as the server has it."""
        return self._asked("POST", path, document=document)

    def patch(self, path: str, document: Document) -> Document:
        """Change what a document has of an object."""
        return self._asked("PATCH", path, document=document, headers=PATCH)

    def delete(self, path: str, **params: str) -> None:
        """Delete an object; no-op if it is gone."""
        try:
            self._asked("DELETE", path, params=params)
        except Status as error:
            if error.code != NOT_FOUND:
                raise

    def lines(self, path: str, **params: str) -> Iterator[bytes]:
        """Yield the bytes of an answer that may never end, in pieces."""
        forever = httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS, read=None)
        with self._client.stream("GET", path, params=params, timeout=forever) as answer:
            _prove(answer)
            with current().ending(answer.close):
                yield from answer.iter_bytes()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _asked(
        self, method: str, path: str, *, document: Document | None = None, **how: Any
    ) -> Document:
        tries, begun = TRIES, time.monotonic()
        while True:
            try:
                with self._client.stream(method, path, json=document, **how) as answer:
                    self._answered = time.monotonic()
                    tries -= answer.status_code == TOO_MANY
                    pause = self._to_wait(answer) if tries else None
                    if pause is None:
                        _prove(answer)
                        return _document(_body(answer))
            except httpx2.TransportError as error:
                # Made twice, an object would be refused as another's.
                if method == "POST" and not isinstance(error, UNSENT):
                    raise
                self._missed = time.monotonic()
                if max(begun - self._answered, self._missed - begun) > AWAY_SECONDS:
                    raise
                pause = LOOK_SECONDS
            current().wait(pause)
            current().check()

    def _to_wait(self, answer: httpx2.Response) -> float | None:
        """Return in how many seconds a server wants to be asked again; None if it has answered."""
        if answer.status_code == TOO_MANY:
            return _ordered(answer.headers)
        settles = self._answered - self._missed < SETTLING_SECONDS
        return LOOK_SECONDS if settles and answer.status_code in SETTLING else None


def _ordered(headers: Mapping[str, str]) -> float:
    """Return how long a busy server wants us to wait, in seconds."""
    said = headers.get("Retry-After", "1")
    return min(float(said), MOST_SECONDS) if said.isdecimal() else 1.0


def _prove(answer: httpx2.Response) -> None:
    if not answer.is_success:
        raise Status(answer.status_code, said_in(_body(answer)))


def _body(answer: httpx2.Response) -> bytes:
    pieces, left = [], LIST_BYTES
    for piece in answer.iter_bytes():
        left -= len(piece)
        if left < 0:
            raise ValueError(f"the answer has more than {LIST_BYTES} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _document(body: bytes) -> Document:
    document = json.loads(body)
    if not isinstance(document, dict):
        raise TypeError("the answer is no document")
    return document
