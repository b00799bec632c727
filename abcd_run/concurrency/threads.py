"""A few threads that talk to runtimes; runtimes keep one client per thread.

A web server starts a thread for each request: one client for each of those would be too many.
"""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock
from typing import Self, TypeVar

from abcd_run.concurrency.cancel import carried, spawn

T = TypeVar("T")
Task = Callable[[], None]


class Threads:
    """A fixed number of threads that the process does not wait for at exit: one may hang.

    As a context manager, it ends them at exit, each after its current task.
    """

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._count = count
        for _ in range(count):
            spawn(self._work)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for _number in range(self._count):
            self._tasks.put(None)

    def start(self, task: Task) -> None:
        """Run a task, which must not raise."""
        self._tasks.put(task)

    def submit(self, question: Callable[[], T]) -> Future[T]:
        """Return the future answer to a question; it is not asked if cancelled before."""
        answer: Future[T] = Future()

        def ask() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(question())
            except BaseException as error:  # noqa: BLE001  (raised again by `result`)
                answer.set_exception(error)

        self.start(carried(ask))
        return answer

    def _work(self) -> None:
        while task := self._tasks.get():
            task()


class Lanes:
    """One thread per name, so that a runtime that hangs blocks only itself."""

    def __init__(self) -> None:
        self._threads: dict[str, Threads] = {}
        self._lock = Lock()

    def start(self, name: str, task: Task) -> None:
        """Run a task in the thread of this name; see `fleet.Start`."""
        with self._lock:
            threads = self._threads.get(name) or self._threads.setdefault(name, Threads(1))
        threads.start(task)
