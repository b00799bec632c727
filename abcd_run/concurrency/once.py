"""Make something once, however many threads want it."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from abcd_run.concurrency.cancel import awaited
from abcd_run.errors import Interrupted

V = TypeVar("V")


class Once(Generic[V]):
    """Values by key, each made by the first thread that asks; the others wait for it.

    What its making raises is raised for everybody. Who waits for another one and is cancelled waits
    no longer; what somebody has cancelled is made by whoever asks next.
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
                if isinstance(error, Interrupted):
                    with self._lock:
                        del self._futures[key]
                future.set_exception(error)
        return awaited(future)

    def __contains__(self, key: Hashable) -> bool:
        """Say whether the value of a key has been made."""
        with self._lock:
            future = self._futures.get(key)
        return future is not None and future.done() and future.exception() is None

    def forget_failures(self) -> None:
        """Have what could not be made tried again by whoever asks next."""
        with self._lock:
            for key, future in list(self._futures.items()):
                if future.done() and future.exception():
                    del self._futures[key]
