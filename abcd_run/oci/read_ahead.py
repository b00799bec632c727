"""Read ahead in a thread: hashing and inflating release the GIL, so both cores work."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abcd_run.oci.interfaces import Reader

CHUNK = 1 << 20
DEPTH = 4


class Ahead:
    """A reader that prepares its next few chunks while the last one is used.

    Each chunk taken frees a place in the queue. Ctrl-C may interrupt the reading thread anywhere;
    unlike bounded queues, these have no lock that it could leave held.
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
        except BaseException as error:  # noqa: BLE001 - raised again in the reading thread
            self._chunks.put(error)
