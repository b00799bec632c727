"""Values that are good for a moment, made once for all who ask meanwhile."""

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")
UNDER_WAY = float("inf")


class Kept(Generic[V]):
    """Values by key, each kept for some seconds after it was made, errors too.

    Who asks while it is being made waits for it.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._futures: dict[Hashable, tuple[Future[V], float]] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value of a key, made by `make` if there is none or an old one."""
        with self._lock:
            self._forget_old()
            first = key not in self._futures
            future, _ = self._futures.setdefault(key, (Future(), UNDER_WAY))
        if first:
            self._make(key, future, make)
        return future.result()

    def _make(self, key: Hashable, future: Future[V], make: Callable[[], V]) -> None:
        try:
            future.set_result(make())
        except BaseException as error:  # noqa: BLE001  (raised again by `result`)
            future.set_exception(error)
        with self._lock:
            self._futures[key] = future, self._clock() + self._seconds

    def _forget_old(self) -> None:
        now = self._clock()
        for key, (_, until) in list(self._futures.items()):
            if until <= now:
                del self._futures[key]
