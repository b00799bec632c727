"""Cancellation: one token, which every wait, child process, lock and engine call heeds.

Nothing is raised into a thread from outside. Work checks the token between two steps (`check`),
waits on it (`Token.wait`, `awaited`), or registers something to end when it is set
(`Token.ending`). A call that may hang and cannot be ended runs in a thread of its own (`call`),
which is abandoned on cancellation.

The token is context, like a language or a time zone: `using` sets it, `current` returns it,
`carried` takes it into another thread. A process may use several at the same time.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from queue import Empty, Full, Queue
from threading import Event, RLock, Thread
from time import monotonic
from typing import ParamSpec, TypeVar

from abcd_run.errors import AbcdRunError, Interrupted

P = ParamSpec("P")
T = TypeVar("T")
Call = Callable[[], object]

LOOK_SECONDS = 0.2
PIECES = 64
"""How many pieces are read ahead of a slow consumer."""


class Token(Event):
    """Set on cancellation; `is_set` and `wait` are those of an event.

    It also records by name what was begun and not yet undone, with a reason if there is one: this
    would be left behind if the process ended now. Under a `hurried` token, which undoing uses,
    nothing gets time to shut down by itself.
    """

    def __init__(self, *, hurried: bool = False) -> None:
        super().__init__()
        self.hurried = hurried
        self._leaving = False
        self._lock = RLock()
        self._ends: dict[object, tuple[Call, Call]] = {}
        self._begun: list[str] = []
        self._why: dict[str, str] = {}

    def set(self) -> None:
        """Cancel: end everything that is registered."""
        super().set()
        self._call_all(0)

    def leave(self) -> None:
        """Cancel for good, before the process ends: do not wait for what does not obey."""
        self._leaving = True
        super().set()
        self._call_all(1)

    def _call_all(self, which: int) -> None:
        with self._lock:
            for ways in list(self._ends.values()):
                ways[which]()

    def check(self) -> None:
        """Raise `Interrupted` if it is set."""
        if self.is_set():
            raise Interrupted("interrupted")

    @contextmanager
    def ending(self, end: Call, *, at_last: Call | None = None) -> Iterator[None]:
        """Call `end` if the token is set within the block; it must be quick and not raise.

        `at_last` is called instead if the process exits within the block.
        """
        key = object()
        with self._lock:
            self._ends[key] = (end, at_last or end)
            if self.is_set():
                self._ends[key][self._leaving]()
        try:
            yield
        finally:
            with self._lock:
                del self._ends[key]

    def begun(self, name: str) -> None:
        """Record what must be undone on cancellation; names may repeat."""
        with self._lock:
            self._begun.append(name)

    def settled(self, name: str) -> None:
        """Forget one that is gone, or that is meant to stay."""
        with self._lock:
            self._begun.remove(name)

    def stays(self, name: str, why: str) -> None:
        """Record why something could not be undone."""
        with self._lock:
            self._why[name] = why

    def left(self) -> dict[str, str]:
        """Return what was begun and is not settled, each with its reason or an empty string."""
        with self._lock:
            return {name: self._why.get(name, "") for name in self._begun}


_NEVER = Token()
_current: ContextVar[Token] = ContextVar("token", default=_NEVER)


def current() -> Token:
    """Return the token of the current work; without one, a token that is never set."""
    return _current.get()


def is_cancellable() -> bool:
    """Say whether the current work can be cancelled."""
    return _current.get() is not _NEVER


def check() -> None:
    """Raise `Interrupted` if the current work has been cancelled."""
    _current.get().check()


@contextmanager
def using(token: Token) -> Iterator[Token]:
    """Make the work within the block heed a token."""
    before = _current.set(token)
    try:
        yield token
    finally:
        _current.reset(before)


def carried(work: Callable[P, T]) -> Callable[P, T]:
    """Return work that heeds the current token in any thread."""
    token = current()

    def heeding_it(*args: P.args, **kwargs: P.kwargs) -> T:
        with using(token):
            return work(*args, **kwargs)

    return heeding_it


def heeding(say: Callable[[str], None]) -> Callable[[str], None]:
    """Return a `say` that raises `Interrupted` after cancellation."""

    def heeded(text: str) -> None:
        check()
        say(text)

    return heeded


def settled(futures: Iterable[Future[T]], *, within: float | None = None) -> bool:
    """Wait until all are done or the work is cancelled; say whether all are done."""
    token, end = current(), None if within is None else monotonic() + within
    for future in futures:
        ready = Event()
        future.add_done_callback(lambda _, ready=ready: ready.set())  # type: ignore[misc]
        with token.ending(ready.set):
            ready.wait(None if end is None else max(0, end - monotonic()))
        if not future.done():
            return False
    return True


def awaited(future: Future[T], *, within: float | None = None) -> T:
    """Return a future's result. Raises `Interrupted` when cancelled, or `TimeoutError`."""
    if not settled([future], within=within):
        check()
        raise TimeoutError
    return future.result()


def spawn(work: Callable[[], None]) -> None:
    """Start a thread that the process does not wait for at exit. Raises `AbcdRunError`."""
    try:
        Thread(target=work, daemon=True).start()
    except RuntimeError as error:
        raise AbcdRunError(
            "cannot start more processes or threads on this host",
            details=str(error),
            remedy="end some programs, or raise the limit: ulimit -u",
        ) from error


def elsewhere(work: Callable[[], T]) -> Future[T]:
    """Do work in a thread of its own that the process does not wait for at exit."""
    answer: Future[T] = Future()

    def do() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001  (raised again by `result`)
            answer.set_exception(error)

    spawn(carried(do))
    return answer


def call(work: Callable[[], T], *, within: float | None = None) -> T:
    """Return the result of work that may hang, done elsewhere. Raises as `awaited` does."""
    check()
    return awaited(elsewhere(work), within=within)


def each(pieces: Iterator[T]) -> Iterator[T]:
    """Yield pieces that may take forever to arrive. Raises `Interrupted` when cancelled."""
    queue: Queue[T | None] = Queue(PIECES)

    def put(piece: T | None) -> None:
        while True:
            try:
                return queue.put(piece, timeout=LOOK_SECONDS)
            except Full:  # the consumer may be gone
                check()

    def read() -> None:
        try:
            for piece in pieces:
                put(piece)
        finally:
            put(None)

    reading = elsewhere(read)
    while True:
        check()
        try:
            piece = queue.get(timeout=LOOK_SECONDS)
        except Empty:
            continue
        if piece is None:
            return reading.result()  # what reading raised
        yield piece
