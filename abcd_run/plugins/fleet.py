"""The runtimes in use: each opened once, asked in parallel, and closed at the end."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self, TypeVar

from abcd_run.backend import record
from abcd_run.concurrency.cache import Once
from abcd_run.concurrency.cancel import awaited, carried, settled, spawn
from abcd_run.errors import (
    AbcdRunError,
    Failure,
    Interrupted,
    NoAnswer,
    NoSuchInstance,
    UsageError,
)
from abcd_run.model import Instance
from abcd_run.plugins.registry import ALL, AUTO, Registry, absence, broken, connect
from abcd_run.runtime import Backend, Problem, Runtime
from abcd_run.schema import did_you_mean

T = TypeVar("T")

ASK_SECONDS = 4.0
"""How long `ps` waits for a runtime before reporting that it does not answer."""

PATIENT_SECONDS = 20.0
"""The same for removals: better late than left behind."""

FIND_SECONDS = 4.5
"""The same for finding one instance, in total."""

LIKELY_SECONDS = 1.0
"""How long to ask only the runtimes that an instance's name suggests."""

Start = Callable[[str, Callable[[], None]], None]
"""Asks the named runtime a question in the background."""


def _in_a_thread(_name: str, question: Callable[[], None]) -> None:
    # No pool: at exit Python waits for a pool's threads, even for one that hangs.
    spawn(question)


@dataclass
class Fleet:
    """All runtimes of this process; any thread may call its methods."""

    registry: Registry
    start: Start = _in_a_thread
    _opened: Once[Runtime] = field(default_factory=Once[Runtime])
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def backend(self, name: str) -> Backend:
        """Return an importable backend. Raises `UsageError` or `NoRuntime`."""
        backend = self.registry.known(name)
        if isinstance(backend, Problem):
            raise backend.error(name)
        return backend

    def runtime(self, name: str) -> Runtime:
        """Return a runtime, opened on first use. Raises `UsageError` or `NoRuntime`."""
        return self._opened.get(name, lambda: self._open(self.backend(name)))

    def retry(self) -> None:
        """Forget which runtimes could not be opened: the next try may succeed."""
        self._opened.forget_failures()

    def _open(self, backend: Backend) -> Runtime:
        opened = connect(backend)
        if isinstance(opened, Problem):
            raise opened.error(backend.name)
        return self._stack.enter_context(opened)

    def present(self) -> list[str]:
        """Return the names of the runtimes that this host has, whether they answer or not."""
        names = self.registry.names()
        return [name for name in names if self.absence(name) is None]

    def absence(self, name: str) -> Problem | None:
        """Return why this host lacks a runtime, or None; imports no SDK."""
        backend = self.registry.backend(name)
        return backend if isinstance(backend, Problem) else absence(backend)

    def ask(
        self,
        names: Iterable[str],
        question: Callable[[Runtime], T],
        *,
        within: float = 0,
    ) -> tuple[dict[str, T], list[Failure]]:
        """Ask runtimes in parallel; one that fails or is too slow becomes an error.

        `within` is in seconds, 0 for `ASK_SECONDS`. Raises `Interrupted`.
        """
        asked = {name: self._asked(name, question) for name in names}
        return _collected(asked, within=within or ASK_SECONDS)

    def _asked(self, name: str, question: Callable[[Runtime], T]) -> Future[T]:
        answer: Future[T] = Future()

        def ask() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(question(self.runtime(name)))
            except BaseException as error:  # noqa: BLE001  (raised again by `result`)
                answer.set_exception(error)

        self.start(name, carried(ask))
        return answer

    def instances(
        self, on: tuple[str, ...] = (), *, detail: bool = True, within: float = 0
    ) -> tuple[list[Instance], list[Failure]]:
        """Return all instances on the named or all present runtimes, oldest first."""
        answers, errors = self.ask(
            self.meant(on), lambda runtime: runtime.instances(detail=detail), within=within
        )
        instances = [instance for answer in answers.values() for instance in answer]
        return sorted(instances, key=lambda one: record.read(one.labels).created), errors

    def meant(self, on: tuple[str, ...]) -> list[str]:
        """Return the runtimes to ask: the named ones, or all that this host has.

        Raises `UsageError` for an unknown name.
        """
        if not on or ALL in on or AUTO in on:
            return self.present()
        for name in on:
            self.registry.check(name)
        return list(on)

    def could_not_be_asked(self, failure: Failure) -> bool:
        """Say whether a runtime that failed may hold instances: it was opened, or is silent.

        One that cannot be opened at all, such as a plug-in without its SDK, has launched nothing.
        """
        opened = failure.runtime in self._opened
        return opened or isinstance(failure.error, NoAnswer)

    def find(self, name: str, on: tuple[str, ...] = ()) -> Instance:
        """Return the instance with a name.

        Raises `NoSuchInstance`, `UsageError` for several, or `NoRuntime` if the runtime that may
        have it cannot answer.
        """
        names, end = self.meant(on), time.monotonic() + FIND_SECONDS
        # IMAGE-RUNTIME-N says which one to ask: importing every SDK takes longer than the answer.
        likely = [runtime for runtime in names if f"-{runtime}-" in name]
        asked = self._called(name, likely)
        settled(asked.values(), within=LIKELY_SECONDS)
        matches = _those(asked)
        errors: list[Failure] = []
        if len(matches) != 1:
            asked |= self._called(name, [other for other in names if other not in asked])
            answers, errors = _collected(asked, within=round(end - time.monotonic(), 1))
            matches = [instance for answer in answers.values() for instance in answer]
        if len(matches) == 1:
            return matches[0]
        if matches:
            places = [instance.runtime for instance in matches]
            raise UsageError(f"{name} is on {' and '.join(places)}", remedy=f"add --on {places[0]}")
        meant = {*likely, *on}
        for failure in errors:
            if isinstance(failure.error, NoAnswer) or failure.runtime in meant:
                raise failure.error
        raise self._none(name, on, errors)

    def several(self, names: Iterable[str], on: tuple[str, ...] = ()) -> dict[str, Instance]:
        """Return those of some instances that one question to each likely runtime finds, by name.

        The others are left to `find`: where it is asked about one, what does not answer, and
        instances of which a runtime knows more if it is asked about them alone.
        """
        wanted = set(names)
        likely = [
            runtime
            for runtime in self.meant(on)
            if sum(f"-{runtime}-" in name for name in wanted) > 1
        ]
        if not likely:
            return {}
        answers, _ = self.ask(likely, lambda runtime: runtime.instances(), within=LIKELY_SECONDS)
        listed = [one for answer in answers.values() for one in answer]
        return {
            one.name: one
            for one in listed
            if one.name in wanted and f"-{one.runtime}-" in one.name and _is_told(one)
        }

    def _called(self, name: str, runtimes: Iterable[str]) -> dict[str, Future[list[Instance]]]:
        return {
            runtime: self._asked(runtime, lambda asked: asked.instances(only=name))
            for runtime in runtimes
        }

    def _none(self, name: str, on: tuple[str, ...], errors: list[Failure]) -> NoSuchInstance:
        others = [instance.name for instance in self.instances(on, detail=False)[0]]
        return NoSuchInstance(
            f"no instance called {name!r}",
            details="\n".join(failure.error.message for failure in errors),
            remedy=did_you_mean(name, others, "abcd-run ps"),
        )


def _is_told(instance: Instance) -> bool:
    """Say whether a list had all of an instance: how it is reached, if it runs."""
    return not instance.running or bool(instance.ports or instance.endpoints)


def _those(asked: Mapping[str, Future[list[Instance]]]) -> list[Instance]:
    """Return what those that have already answered found."""
    answers = [answer for answer in asked.values() if answer.done() and not answer.exception()]
    return [instance for answer in answers for instance in answer.result()]


def _collected(
    asked: Mapping[str, Future[T]], *, within: float
) -> tuple[dict[str, T], list[Failure]]:
    deadline = time.monotonic() + within
    answers, failures = {}, []
    for name, answer in asked.items():
        try:
            answers[name] = awaited(answer, within=max(0, deadline - time.monotonic()))
        except Interrupted:
            raise
        except AbcdRunError as error:
            failures.append(Failure(error, name))
        except TimeoutError:
            answer.cancel()
            failures.append(Failure(_silent(name, within), name))
        except Exception as error:  # noqa: BLE001  (a broken plug-in must not crash us)
            failures.append(Failure(broken(error).error(name), name))
    return answers, failures


def _silent(name: str, seconds: float) -> NoAnswer:
    problem = Problem(f"no answer within {seconds:g} s", "abcd-run doctor").error(name)
    return NoAnswer(problem.message, remedy=problem.remedy)
