"""Pods that somebody waits for: asked about one by one if they are few, watched if they are many.

A watch is one request, over which the server says what changes; looks at a thousand pods would be
thousands of them. It costs nothing to be wrong: without news, or without the watch, a pod is asked
about as before.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import httpx2

from abcd_run import limits
from abcd_run.concurrency.cancel import Token, current, using
from abcd_run.errors import AbcdRunError
from abcd_run_kubernetes.errors import Status
from abcd_run_kubernetes.names import SELECTOR
from abcd_run_kubernetes.service import Api, Document

FEW = 10
"""Up to how many pods are asked about one by one."""

WATCH_SECONDS = 240
"""How long one watch lasts; proxies cut off what is silent for longer."""

TRUSTED_SECONDS = 15.0
"""How long a watch may say nothing of a pod before the server is asked."""

IDLE_SECONDS = 3.0
"""How long a watch goes on when nobody waits: it begins with a list of all pods."""

SLICE_SECONDS = 0.25
"""How often who waits looks whether it was cancelled."""

UNREADABLE = (ValueError, TypeError, AttributeError, LookupError)
"""What reading an answer raises that is not as it should be."""

Newest = Callable[[float], Document | None]
"""Returns a pod as it is within so many seconds, sooner if it changes; None if it is gone."""


class Pods:
    """The pods of a namespace that somebody waits for."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._changed = threading.Condition()
        self._waiting = 0
        self._seen: dict[str, Document | None] = {}
        self._watch: Token | None = None
        self._live = False

    @contextmanager
    def following(self, pod: Document) -> Iterator[Newest]:
        """Let the block wait for what becomes of a pod, which is given as it is known."""
        name, uid = str(pod["metadata"]["name"]), str(pod["metadata"]["uid"])
        known, asked = pod, time.monotonic()

        def newest(seconds: float) -> Document | None:
            nonlocal known, asked
            told, later = self._told(uid, known, seconds)
            if told:
                known = later or known
                return later
            if self._live and time.monotonic() - asked < TRUSTED_SECONDS:
                return known
            asked = time.monotonic()
            there = self._api.find("pods", name)
            if there is None or there["metadata"].get("uid") != uid:
                return None
            known = there
            return there

        self._enter()
        try:
            yield newest
        finally:
            self._leave(uid)

    def _told(self, uid: str, known: Document, seconds: float) -> tuple[bool, Document | None]:
        """Wait for news; return whether there are any, and the pod, None if it is gone."""
        until = time.monotonic() + seconds
        with self._changed:
            while True:
                current().check()
                if uid in self._seen and self._seen[uid] is not known:
                    return True, self._seen[uid]
                if (left := until - time.monotonic()) <= 0:
                    return False, None
                self._changed.wait(min(left, SLICE_SECONDS))

    def _enter(self) -> None:
        with self._changed:
            self._waiting += 1
            if self._waiting > FEW and self._watch is None:
                self._watch = Token()
                threading.Thread(target=self._follow, args=(self._watch,), daemon=True).start()

    def _leave(self, uid: str) -> None:
        with self._changed:
            self._waiting -= 1
            self._seen.pop(uid, None)
            if self._waiting == 0 and self._watch is not None:
                idle = threading.Timer(IDLE_SECONDS, self._end_idle, [self._watch])
                idle.daemon = True
                idle.start()

    def _end_idle(self, watch: Token) -> None:
        with self._changed:
            if self._waiting == 0 and self._watch is watch:
                self._end()

    def close(self) -> None:
        """End the watch."""
        with self._changed:
            self._end()

    def _end(self) -> None:
        watch, self._watch, self._live = self._watch, None, False
        self._seen.clear()
        if watch is not None:
            threading.Thread(target=watch.set, daemon=True).start()  # it closes a connection

    def _follow(self, watch: Token) -> None:
        """Watch until nobody waits; what goes wrong is asked about one by one."""
        # A client of its own: ending a watch closes a connection that is being read from, and other
        # requests of the same pool would fail.
        with using(watch), suppress(AbcdRunError), closing(Api(self._api.place)) as own:
            while not watch.is_set():
                try:
                    self._listen(watch, own)
                except (Status, httpx2.HTTPError, httpx2.StreamError, OSError, *UNREADABLE):
                    self._silent(watch)
                    watch.wait(1.0)

    def _silent(self, watch: Token) -> None:
        with self._changed:
            if self._watch is watch:
                self._live = False

    def _listen(self, watch: Token, own: Api) -> None:
        """Take over how all pods are, and what changes until the server ends the watch."""
        path = own.path("pods")
        listed = own.get(path, labelSelector=SELECTOR)
        for pod in listed.get("items") or ():
            self._note(watch, pod)
        pieces = own.lines(
            path, watch="1", labelSelector=SELECTOR,
            timeoutSeconds=str(WATCH_SECONDS),
            resourceVersion=str((listed.get("metadata") or {}).get("resourceVersion") or ""),
        )  # fmt: skip
        for line in _lines(pieces):
            event = json.loads(line)
            if event.get("type") == "ERROR":  # what it could say is too old: all over again
                return
            self._note(watch, event.get("object") or {}, gone=event.get("type") == "DELETED")

    def _note(self, watch: Token, pod: Document, *, gone: bool = False) -> None:
        uid = str((pod.get("metadata") or {}).get("uid") or "")
        with self._changed:
            if self._watch is watch and uid:
                self._live = True
                self._seen[uid] = None if gone else pod
                self._changed.notify_all()


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield whole lines. Raises `ValueError` for one that is too long."""
    held = b""
    for piece in pieces:
        *lines, held = (held + piece).split(b"\n")
        if len(held) > limits.JSON_BYTES:
            raise ValueError("a line of a watch is too long")
        yield from (line for line in lines if line)
