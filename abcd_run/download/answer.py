"""One HTTP answer, read in its own thread so that the waiting thread stays responsive.

A server may go silent during the name lookup, the request, or the answer. A blocking wait there
would hear neither Ctrl-C nor a deadline.
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
AHEAD = 8  # chunks that may wait to be read
POLL = 0.1  # seconds between two checks for a waiting or vanished reader
SCHEMES = ("http", "https")
MOVED = frozenset({301, 302, 303, 307, 308})
REDIRECTIONS = 10
HANDLERS = (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor)
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"  # characters that stay unquoted in an address


@dataclass(frozen=True, slots=True)
class Head:
    """What an answer says before its body; `length` in bytes, None if it says none."""

    status: int
    headers: Message
    length: int | None


class Answer:
    """The answer to one request: its head first, then the pieces of its body, b"" at the end."""

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
        """Return what came next, or None if nothing came for a moment. Raises its errors."""
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
                while self._delivered(item) and item != b"":
                    item = response.read1(CHUNK)
        except Exception as error:  # noqa: BLE001  (raised again by `take`)
            self._delivered(error)

    def _delivered(self, item: Head | bytes | Exception) -> bool:
        """Wait until there is room for `item`; return False if nobody wants it any more."""
        while not self._left.is_set():
            try:
                self._items.put(item, timeout=POLL)
            except Full:
                continue
            return True
        return False


def _opened(question: Request, *, timeout: float) -> HTTPResponse:
    # Follow redirects ourselves: urllib reads their bodies, however long they are.
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
    """Return the request for the new location. Raises `ValueError` if that is less safe."""
    here = question.full_url
    there = urljoin(here, quote(location, encoding="iso-8859-1", safe=PUNCTUATION))
    before, after = urlsplit(here).scheme, urlsplit(there).scheme
    if after not in SCHEMES or (before == "https" and after != "https"):
        raise ValueError(f"it redirects from {before} to {after or 'nowhere'}: {there}")
    return Request(there, headers=dict(question.header_items()))  # noqa: S310 - checked above
