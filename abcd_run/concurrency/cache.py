"""Values computed once for any number of threads, and kept for good or for a moment."""

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from abcd_run.concurrency.cancel import awaited
from abcd_run.errors import Interrupted

V = TypeVar("V")


class _Made(Generic[V]):
    """Values by key, each made by the first thread that asks.

    If making it raises an error, every caller gets that error.
    """

    def __init__(self) -> None:
        self._futures: dict[Hashable, Future[V]] = {}
        self._lock = Lock()

    def _future(self, key: Hashable, make: Callable[[], V]) -> Future[V]:
        """Return the future of a value; it is done if this thread was the first to ask."""
        with self._lock:
            self._forget_old()
            first = key not in self._futures
            future = self._futures.setdefault(key, Future())
        if first:
            self._make(key, future, make)
        return future

    def _make(self, key: Hashable, future: Future[V], make: Callable[[], V]) -> None:
        try:
            value = make()
        except BaseException as error:  # noqa: BLE001  (raised again in the waiting threads)
            self._ended(key, error)
            future.set_exception(error)
        else:
            self._ended(key, None)
            future.set_result(value)

    def _forget_old(self) -> None:
        """Forget expired values; the caller holds the lock."""

    def _ended(self, key: Hashable, error: BaseException | None) -> None:
        """Handle the end of making a value, before the waiting threads continue."""


class Once(_Made[V]):
    """Values by key, each made once and kept, errors too.

    A cancelled caller stops waiting. If the making itself was cancelled, the next caller makes the
    value.
    """

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value of a key; call `make` if it does not exist yet."""
        return awaited(self._future(key, make))

    def __contains__(self, key: Hashable) -> bool:
        """Say whether the value of a key has been made."""
        with self._lock:
            future = self._futures.get(key)
        return future is not None and future.done() and future.exception() is None

    def forget_failures(self) -> None:
        """Let the next caller retry what could not be made."""
        with self._lock:
            for key, future in list(self._futures.items()):
                if future.done() and future.exception():
                    del self._futures[key]

    def _ended(self, key: Hashable, error: BaseException | None) -> None:
        if isinstance(error, Interrupted):
            with self._lock:
                del self._futures[key]


class Kept(_Made[V]):
    """Values by key, each kept for some seconds after it was made, errors too.

    A caller that asks while a value is being made waits for it.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds, self._clock = seconds, clock
        self._until: dict[Hashable, float] = {}

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value of a key; call `make` if it is missing or expired."""
        return self._future(key, make).result()

    def _forget_old(self) -> None:
        now = self._clock()
        for key, until in list(self._until.items()):
            if until <= now:
                del self._futures[key], self._until[key]

    def _ended(self, key: Hashable, error: BaseException | None) -> None:
        del error
        with self._lock:
            self._until[key] = self._clock() + self._seconds
