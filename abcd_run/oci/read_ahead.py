"""Read ahead in a thread: hashing and inflating leave the interpreter lock, so both cores work."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abcd_run.oci.interfaces import Reader

CHUNK = 1 << 20
DEPTH = 4


class Ahead:
    """A reader whose next few chunks are being made while the last one is used.

    A place in the queue is given back for each chunk that is taken. Ctrl-C may come at any point of
    the thread that reads: these queues, unlike those with a length, have no lock to leave behind.
    """

    def __init__(self, inner: Reader) -> None:
        self._inner = inner
        self._chunks: SimpleQueue[bytes | BaseException] = SimpleQueue()
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(DEPTH):
            self._places.put(None)
        self._rest = b""
        self._stopped = self._ended = False
        self._thread = Thread(target=self._run, name="read-ahead", daemon=True)
        self._thread.start()

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, or raise what the reader underneath raised."""
        if not self._rest and not self._ended:
            self._rest = self._next()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        """Stop the thread and close the reader underneath."""
        self._stopped = True
        self._places.put(None)
        self._thread.join()
        self._inner.close()

    def _next(self) -> bytes:
        item = self._chunks.get()
        self._places.put(None)
        self._ended = not isinstance(item, bytes) or not item
        if isinstance(item, BaseException):
            raise item
        return item

    def _run(self) -> None:
        try:
            data = b"-"
            while data and not self._stopped:
                self._places.get()
                data = self._inner.read(CHUNK)
                self._chunks.put(data)
        except BaseException as error:  # noqa: BLE001 - raised again where it is read
            self._chunks.put(error)
