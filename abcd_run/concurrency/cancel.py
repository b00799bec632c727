"""Whether somebody wants no more: one token, heeded by every wait, child, lock and engine call.

Nothing is raised into a thread from outside. Whoever works looks at the token between two steps
(`check`), waits by it (`Token.wait`, `awaited`), or has something ended when it is set
(`Token.ending`). What may hang where nobody can end it is done by a thread of its own (`call`),
which is left behind then.

The token goes with the work like a language or a time zone: `using` sets it, `current` returns it,
`carried` takes it along into another thread. A process may have several at the same time.
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
"""How many pieces are read ahead of somebody who takes them slowly."""


class Token(Event):
    """Set when somebody wants no more; `is_set` and `wait` are an event's.

    It also knows by name what was begun and is not undone, with the reason where there is one:
    that is what would be left if the process ended now. Under a `hurried` one, which undoing has,
    nobody gets time to end by himself.
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
        """Cancel: have all that is registered ended."""
        super().set()
        self._call_all(0)

    def leave(self) -> None:
        """Cancel for good, before the process ends: nobody waits for what does not obey."""
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
        """Have `end` called when it is set within the block; it must be quick and not raise.

        `at_last` is called when the process leaves within the block.
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
        """Note what must be undone when it is cancelled; two may have the same name."""
        with self._lock:
            self._begun.append(name)

    def settled(self, name: str) -> None:
        """Forget one that is gone, or stays because it is wanted."""
        with self._lock:
            self._begun.remove(name)

    def stays(self, name: str, why: str) -> None:
        """Note why it could not be undone."""
        with self._lock:
            self._why[name] = why

    def left(self) -> dict[str, str]:
        """Return what was begun and is not settled, with the reasons where there are any."""
        with self._lock:
            return {name: self._why.get(name, "") for name in self._begun}


_NEVER = Token()
_current: ContextVar[Token] = ContextVar("token", default=_NEVER)


def current() -> Token:
    """Return the token of whoever has this work done; one that is never set if nobody has one."""
    return _current.get()


def is_cancellable() -> bool:
    """Say whether somebody has this work done who may cancel it."""
    return _current.get() is not _NEVER


def check() -> None:
    """Raise `Interrupted` if nobody wants this work any more."""
    _current.get().check()


@contextmanager
def using(token: Token) -> Iterator[Token]:
    """Make a token the one that the work within the block heeds."""
    before = _current.set(token)
    try:
        yield token
    finally:
        _current.reset(before)


def carried(work: Callable[P, T]) -> Callable[P, T]:
    """Return work that heeds today's token in whatever thread it is done."""
    token = current()

    def heeding_it(*args: P.args, **kwargs: P.kwargs) -> T:
        with using(token):
            return work(*args, **kwargs)

    return heeding_it


def heeding(say: Callable[[str], None]) -> Callable[[str], None]:
    """Return a `say` that raises `Interrupted` where nobody wants to hear more."""

    def heeded(text: str) -> None:
        check()
        say(text)

    return heeded


def settled(futures: Iterable[Future[T]], *, within: float | None = None) -> bool:
    """Wait until all are done, or until it is cancelled; say whether all are done."""
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
    """Return what a future gives. Raises `Interrupted` when cancelled, or `TimeoutError`."""
    if not settled([future], within=within):
        check()
        raise TimeoutError
    return future.result()


def spawn(work: Callable[[], None]) -> None:
    """Start a thread for which nobody waits at the process's end. Raises `AbcdRunError`."""
    try:
        Thread(target=work, daemon=True).start()
    except RuntimeError as error:
        raise AbcdRunError(
            "cannot start more processes or threads on this host",
            details=str(error),
            remedy="end some programs, or raise the limit: ulimit -u",
        ) from error


def elsewhere(work: Callable[[], T]) -> Future[T]:
    """Have work done by a thread of its own, for which nobody waits at the process's end."""
    answer: Future[T] = Future()

    def do() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001  (raised again by `result`)
            answer.set_exception(error)

    spawn(carried(do))
    return answer


def call(work: Callable[[], T], *, within: float | None = None) -> T:
    """Return what work gives that may hang, elsewhere. Raises as `awaited` does."""
    check()
    return awaited(elsewhere(work), within=within)


def each(pieces: Iterator[T]) -> Iterator[T]:
    """Yield pieces for which one may wait for ever. Raises `Interrupted` when cancelled."""
    queue: Queue[T | None] = Queue(PIECES)

    def put(piece: T | None) -> None:
        while True:
            try:
                return queue.put(piece, timeout=LOOK_SECONDS)
            except Full:  # who took them may have gone
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
