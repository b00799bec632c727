"""Make something once, however many threads want it."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class Once(Generic[V]):
    """Values by key, each made by the first thread that asks; the others wait for it.

    What its making raises is raised for everybody.
    """

    def __init__(self) -> None:
        self._futures: dict[Hashable, Future[V]] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value of a key, made by `make` if nobody has made it yet."""
        with self._lock:
            first = key not in self._futures
            future = self._futures.setdefault(key, Future())
        if first:
            try:
                future.set_result(make())
            except BaseException as error:  # noqa: BLE001  (raised again by `result`)
                future.set_exception(error)
        return future.result()

    def forget_failures(self) -> None:
        """Have what could not be made tried again by whoever asks next."""
        with self._lock:
            for key, future in list(self._futures.items()):
                if future.done() and future.exception():
                    del self._futures[key]
