"""The steps of a launch after planning: artifact → start → wait, with undo on failure."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Semaphore

from abcd_run.artifact import obtain
from abcd_run.backend import record
from abcd_run.concurrency.cache import Once
from abcd_run.concurrency.cancel import Token, call, current, heeding, settled, using
from abcd_run.concurrency.threads import Threads
from abcd_run.errors import (
    AbcdRunError,
    Failure,
    Interrupted,
    LaunchFailed,
    NameTaken,
    PortTaken,
)
from abcd_run.host import this_host
from abcd_run.host.os_errors import unexpected
from abcd_run.launch import last_signs, port_collision, readiness
from abcd_run.launch.interrupts import left_behind
from abcd_run.launch.launched import Launched, console_of
from abcd_run.launch.progress import Progress
from abcd_run.model import Instance, Plan, RootHeld, Stage
from abcd_run.plan.planner import next_name, renamed
from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Runtime

WAITERS = 32
"""How many launches may run at once: one that waits for its page must not block other starts."""

TRIES = 30
"""How many times to pick another name or port after losing a race for one."""

FIRST_LOOK, SLOWEST_LOOK, GROWTH = 0.005, 0.25, 1.25
"""Seconds between two looks at an instance: short at first, then longer and longer."""

UNDO_SECONDS = 3.7
"""How long an engine may take to undo cancelled work before we report what may be left."""

UNDOING = 8
"""How many instances to remove at once after a cancellation."""

LOOKS_BETWEEN_CHECKS = 10
"""How many looks to take before checking again that the instance still runs."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """Launches plans on the runtimes of a fleet until its token is set."""

    fleet: Fleet
    progress: Progress
    cancelled: Token = field(default_factory=current)
    wait: bool = True
    _starting: Once[Semaphore] = field(default_factory=Once[Semaphore])
    _images: Once[str] = field(default_factory=Once[str])

    def launch_all(self, plans: Sequence[Plan]) -> tuple[list[Launched], list[Failure]]:
        """Launch plans side by side; a failure neither stops nor undoes the others.

        Raises `Interrupted` once everything started has been undone, or an engine hangs meanwhile.
        """
        with using(self.cancelled), Threads(min(len(plans), WAITERS) or 1) as threads:
            futures = {threads.submit(partial(self._launch, plan)): plan for plan in plans}
            settled(futures)
            if self.cancelled.is_set():
                raise self._undo_all(futures)
        ready, failures = self._sorted(futures)
        for launched in ready:
            self.cancelled.settled(launched.instance.name)
        return ready, failures

    def _sorted(
        self, futures: dict[Future[Launched], Plan]
    ) -> tuple[list[Launched], list[Failure]]:
        done, failures = [], []
        for future, plan in futures.items():
            try:
                launched = future.result()
            except AbcdRunError as error:
                failures.append(Failure(error, plan.runtime, plan.name))
                continue
            done.append(launched)
            if launched.late:
                failures.append(Failure(launched.late, plan.runtime, launched.instance.name))
        return done, failures

    def _undo_all(self, futures: dict[Future[Launched], Plan]) -> Interrupted:
        """Remove what is already running, and return the error that says what is left."""
        begun = [future for future in futures if not future.cancel()]
        begun.sort(key=lambda future: not future.done())  # a hung one must not block others
        with using(Token(hurried=True)), Threads(UNDOING) as threads:
            settled(
                [threads.submit(partial(self._remove, future)) for future in begun],
                within=UNDO_SECONDS,
            )
        if self.cancelled.left():
            return left_behind(
                self.cancelled, "interrupted: not everything that was started could be removed"
            )
        return Interrupted("interrupted: everything that was started has been removed")

    def _remove(self, future: Future[Launched]) -> None:
        """Remove an instance once its launch has ended, unless the launch undid it itself."""
        if future.exception() is None:
            instance = future.result().instance
            runtime = self.fleet.runtime(instance.runtime)
            self._undo(runtime, instance.name, instance.runtime_id, Interrupted("interrupted"))

    def _launch(self, plan: Plan) -> Launched:
        try:
            return self._from_plan_to_ready(plan)
        except AbcdRunError:
            raise
        except Exception as error:
            # A bug in one backend must not take down the other launches.
            raise unexpected(error) from error

    def _from_plan_to_ready(self, plan: Plan) -> Launched:
        runtime = self.fleet.runtime(plan.runtime)
        self.progress.stage(plan.name, Stage.PLANNED)
        image = self._image(plan, runtime)
        self.progress.stage(plan.name, Stage.FETCHED)
        with self._turn(plan.runtime):
            begun = time.monotonic()
            instance = self._create_with_retries(plan, runtime, image)
        try:
            self._prove_unprivileged(plan, instance, runtime)
            self.progress.stage(instance.name, Stage.RUNNING)
            launched = self._wait(instance, runtime, begun)
            self.cancelled.check()
        except BaseException as error:
            self._undo(runtime, instance.name, instance.runtime_id, error)
            raise
        return launched

    def _turn(self, runtime: str) -> Semaphore:
        """Return what lets as many instances of a runtime start at once as it wants."""
        return self._starting.get(runtime, lambda: Semaphore(self.fleet.backend(runtime).at_once))

    def _image(self, plan: Plan, runtime: Runtime) -> str:
        """Return the runtime's name for the image, fetched once for all launches that need it."""

        def fetch() -> str:
            artifact = obtain(plan, self.fleet, say=self._say(plan))
            self.cancelled.check()
            return runtime.provide(artifact, pull=plan.pull, say=self._say(plan))

        return self._images.get((plan.runtime, plan.source, plan.format), fetch)

    def _create_with_retries(self, plan: Plan, runtime: Runtime, image: str) -> Instance:
        """Create and start, retrying with another name or port after losing a race for one."""
        reason = ""
        refused = set[str]()  # includes other users' names, whose instances we cannot see
        for _ in range(TRIES):
            self.cancelled.check()
            try:
                return self._create_and_start(plan, runtime, image)
            except NameTaken as error:
                if plan.named:
                    error.remedy = f"abcd-run stop {plan.name}, or choose another --name"
                    raise
                refused.add(plan.name)
                names = {other.name for other in runtime.instances(detail=False)}
                plan = renamed(plan, next_name(plan.name, names | refused))
            except PortTaken as error:
                if blamed := port_collision.of_fixed_port(plan, error):
                    raise blamed from error
                reason = error.details or error.message
        raise LaunchFailed(
            f"no free name or port for {plan.name} in {TRIES} tries",
            details=reason,
            remedy="abcd-run ps; stop what you no longer need, then launch again",
        )

    def _create_and_start(self, plan: Plan, runtime: Runtime, image: str) -> Instance:
        self.cancelled.begun(plan.name)
        try:
            runtime_id = runtime.create(plan, image)
        except BaseException:  # nothing was created, or the name belongs to another
            self.cancelled.settled(plan.name)
            raise
        try:
            self.progress.stage(plan.name, Stage.CREATED)
            self.cancelled.check()
            return runtime.start(runtime_id)
        except BaseException as error:
            self._undo(runtime, plan.name, runtime_id, error)
            raise

    def _undo(self, runtime: Runtime, name: str, runtime_id: str, error: BaseException) -> None:
        """Remove an instance after an error; if that fails too, report both."""
        try:
            # Nothing cancels the undo, and a cancelled instance gets no time to end by itself.
            with using(Token(hurried=self.cancelled.is_set())):
                runtime.remove(runtime_id)
        except Exception as left:  # noqa: BLE001  (the caller raises the original error)
            self.cancelled.stays(name, str(left))
            if isinstance(error, AbcdRunError):
                also = f"it could not be removed either: {left}"
                error.details = "\n".join(filter(None, [error.details, also]))
        else:
            self.cancelled.settled(name)

    def _prove_unprivileged(self, plan: Plan, instance: Instance, runtime: Runtime) -> None:
        if plan.rootful:
            return
        if instance.host_root == 0:
            raise LaunchFailed(
                f"{instance.name}: root inside would be root of this host",
                details="uid 0 inside maps to uid 0 outside; the instance was removed",
                remedy="run abcd-run as an ordinary user, or say --rootful if this is meant",
            )
        if _unproven(instance) and this_host.numbers_users() and last_signs.runs(instance, runtime):
            raise LaunchFailed(
                f"{instance.name}: cannot tell which user root inside is on this host",
                details="you can see neither its process nor the engine's own user; "
                "the instance was removed",
                remedy=f"run {plan.runtime} as yourself, or say --rootful if this is meant",
            )

    def _wait(self, instance: Instance, runtime: Runtime, begun: float) -> Launched:
        if not self.wait:
            return Launched(instance, Stage.RUNNING)
        launched = self.await_ready(instance, runtime, enough=enough(instance))
        if launched.late or launched.stage is not Stage.READY:
            return launched
        return replace(launched, ready_seconds=round(time.monotonic() - begun, 3))

    def await_ready(
        self,
        instance: Instance,
        runtime: Runtime,
        timeout: float = 0,
        *,
        enough: Stage = Stage.READY,
    ) -> Launched:
        """Wait until an instance is ready, or as far as is `enough`.

        `timeout` is in seconds, 0 for its profile's own.
        A late instance is left running. Raises `LaunchFailed` if it ended by itself.
        """
        known = record.read(instance.labels)
        timeout = timeout or known.ready.timeout
        deadline = time.monotonic() + timeout
        pause, looks, stage = FIRST_LOOK, 0, Stage.RUNNING
        while True:
            instance = _now(instance, runtime)
            look = partial(
                readiness.look,
                instance,
                console=console_of(runtime, instance),
                seconds=readiness.patience(known.age),
            )
            # A page may stay silent for long; a console is read by this thread's own client.
            answer = look() if known.ready.console else call(look)
            if answer.stage is not stage:
                stage = answer.stage
                self.progress.stage(instance.name, stage)
            if stage >= enough:
                return Launched(instance, stage)
            self.progress.say(instance.name, answer.seen)
            if time.monotonic() > deadline:
                signs = [answer.seen, *last_signs.of_late(runtime, instance)]
                late = last_signs.not_ready(instance, stage, timeout, signs)
                return Launched(instance, stage, late=late)
            self.cancelled.wait(pause)
            self.cancelled.check()
            pause = min(pause * GROWTH, SLOWEST_LOOK)
            looks += 1
            if looks % LOOKS_BETWEEN_CHECKS == 0:
                last_signs.check_running(instance, runtime)

    def _say(self, plan: Plan) -> Callable[[str], None]:
        return heeding(partial(self.progress.say, plan.name))


def enough(instance: Instance) -> Stage:
    """Return how far a launch waits for an instance: not for somebody to open its page."""
    return Stage.READY if instance.stage is None else Stage.REACHABLE


def _now(instance: Instance, runtime: Runtime) -> Instance:
    """Return an instance as it is now, where only its runtime knows how far it is."""
    if instance.stage is None:
        return instance
    return next(iter(runtime.instances(instance.runtime_id)), instance)


def _unproven(instance: Instance) -> bool:
    """Say whether nothing shows how root inside is held: a claim to a uid must name it."""
    if instance.root is RootHeld.SANDBOX:
        return False
    return instance.root is RootHeld.UNKNOWN or instance.host_root is None
