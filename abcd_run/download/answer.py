"""One answer over HTTP, read by a thread of its own: whoever waits for it can look up meanwhile.

A server may say nothing while it is looked up, asked, or half way; each of that would otherwise be
waited for where neither Ctrl-C nor a deadline is heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

if TYPE_CHECKING:
    from email.message import Message
    from http.client import HTTPResponse
    from types import TracebackType
    from typing import Self

CHUNK = 1 << 18
AHEAD = 8  # chunks that may wait to be taken
POLL = 0.1  # seconds in which who waits, or has left, is heard
SCHEMES = ("http", "https")
MOVED = frozenset({301, 302, 303, 307, 308})
REDIRECTIONS = 10
HANDLERS = (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor)
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"  # of an address, as urllib leaves it


@dataclass(frozen=True, slots=True)
class Head:
    """What an answer says before its body; `length` in bytes, None where it says none."""

    status: int
    headers: Message
    length: int | None


class Answer:
    """The answer to one question: its head first, then the pieces of its body, b"" at its end."""

    def __init__(self, question: Request, *, timeout: float) -> None:
        self._items: Queue[Head | bytes | Exception] = Queue(maxsize=AHEAD)
        self._left = Event()
        self._timeout = timeout
        Thread(target=self._ask, args=(question,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()

    def take(self) -> Head | bytes | None:
        """Return what came next, None when nothing has come for a moment. Raises its errors."""
        try:
            item = self._items.get(timeout=POLL)
        except Empty:
            return None
        if isinstance(item, Exception):
            raise item
        return item

    def _ask(self, question: Request) -> None:
        try:
            with _opened(question, timeout=self._timeout) as response:
                item: Head | bytes = Head(response.status, response.headers, response.length)
                while self._given(item) and item != b"":
                    item = response.read1(CHUNK)
        except Exception as error:  # noqa: BLE001  (raised again by `take`)
            self._given(error)

    def _given(self, item: Head | bytes | Exception) -> bool:
        """Wait until there is room for what came; return False when nobody wants it any more."""
        while not self._left.is_set():
            try:
                self._items.put(item, timeout=POLL)
            except Full:
                continue
            return True
        return False


def _opened(question: Request, *, timeout: float) -> HTTPResponse:
    # Without urllib's own redirections: it reads their bodies, however long they are.
    opener = OpenerDirector()
    for handler in HANDLERS:
        opener.add_handler(handler())
    for _ in range(REDIRECTIONS + 1):
        try:
            answer: HTTPResponse = opener.open(question, timeout=timeout)
        except HTTPError as error:
            location = error.headers.get("Location")
            if error.code not in MOVED or not location:
                raise
            error.close()
            question = _moved(question, location)
        else:
            return answer
    raise ValueError(f"more than {REDIRECTIONS} redirects")


def _moved(question: Request, location: str) -> Request:
    """Return the question for another place. Raises `ValueError` where that is less safe."""
    here = question.full_url
    there = urljoin(here, quote(location, encoding="iso-8859-1", safe=PUNCTUATION))
    before, after = urlsplit(here).scheme, urlsplit(there).scheme
    if after not in SCHEMES or (before == "https" and after != "https"):
        raise ValueError(f"it redirects from {before} to {after or 'nowhere'}: {there}")
    return Request(there, headers=dict(question.header_items()))  # noqa: S310 - just looked at
