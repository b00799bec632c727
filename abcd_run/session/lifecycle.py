"""Wait for instances, stop them, and remove what was left behind."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from abcd_run.backend import record
from abcd_run.concurrency.cancel import Token, current, settled, using
from abcd_run.concurrency.threads import Threads
from abcd_run.errors import AbcdRunError, Failure, Interrupted, UsageError
from abcd_run.launch.launched import Launched
from abcd_run.launch.launcher import UNDO_SECONDS, Launcher
from abcd_run.model import Instance, Kind
from abcd_run.plugins.fleet import PATIENT_SECONDS, Fleet
from abcd_run.runtime import Prunes, Runtime
from abcd_run.session.opened import Opened
from abcd_run.session.results import Instances, Removed

if TYPE_CHECKING:
    from abcd_run.session.opened import Which

T = TypeVar("T")

PRUNE_SECONDS = 120.0
"""How long a runtime may take to remove old images, before it is reported as stuck."""


def wait(
    opened: Opened, which: Sequence["Which"], on: tuple[str, ...], *, timeout: float
) -> Instances:
    """Wait until instances are ready; `timeout` in seconds, 0 for their profiles' own.

    Raises `Interrupted` when cancelled; the instances are left as they are.
    """
    if not which:
        raise UsageError("wait for which instance?", remedy="abcd-run ps")
    known = opened.several(which, on)
    meant = [known.get(str(one)) or opened.instance(one, on) for one in which]
    launcher = Launcher(opened.fleet(), opened.teller())

    def await_one(instance: Instance) -> Launched:
        runtime = opened.fleet().runtime(instance.runtime)
        return launcher.await_ready(instance, runtime, timeout)

    waited, failures = each(opened, meant, await_one)
    if current().is_set():
        raise Interrupted("interrupted: the instances were left as they are")
    late = [Failure(one.late, one.runtime, one.name) for one in waited if one.late]
    return Instances(tuple(waited), (*failures, *late))


def stop(opened: Opened, which: Sequence["Which"], on: tuple[str, ...]) -> Removed:
    """Remove instances; a missing one is an error but does not stop the rest."""
    instances, problems = chosen(opened, which, on, doing="stop")
    return _removed(opened, instances, problems)


def chosen(
    opened: Opened, which: Sequence["Which"], on: tuple[str, ...], *, doing: str
) -> tuple[list[Instance], list[Failure]]:
    """Return the instances that are meant, each once, and the errors for those that are missing."""
    if not which:
        raise UsageError(f"{doing} which instance?", remedy=f"abcd-run {doing} NAME")
    meant: dict[object, Instance] = {}
    problems: dict[object, Failure] = {}
    known = opened.several(which, on)
    for one in which:
        name = one if isinstance(one, str) else one.name
        if name not in problems:
            try:
                instance = known.get(str(one)) or opened.instance(one, on)
            except AbcdRunError as error:
                problems[name] = Failure(error, name=name)
            else:
                meant[instance.runtime, instance.runtime_id] = instance
    return list(meant.values()), list(problems.values())


def stop_all(opened: Opened, on: tuple[str, ...]) -> Removed:
    """Remove every instance on some or all runtimes."""
    present, failures = opened.fleet().instances(on, detail=False, within=PATIENT_SECONDS)
    counted, unasked = _counted(opened.fleet(), failures, on)
    return _removed(opened, present, counted, unasked)


def prune(opened: Opened, on: tuple[str, ...], *, ended: bool) -> Removed:
    """Remove what belongs to no instance, and the instances that never ran.

    Those that ran and have ended may hold somebody's work: they are kept unless `ended`.
    """
    fleet, teller = opened.fleet(), opened.teller()
    present, failures = fleet.instances(on, detail=False, within=PATIENT_SECONDS)
    down = {failure.runtime for failure in failures}
    up = [name for name in fleet.meant(on) if name not in down]
    for name in up:
        teller.say(name, "removing what launches and old images left behind")
    _, more = fleet.ask(up, _prune_runtime, within=PRUNE_SECONDS)
    _prune_cache()
    dead = [one for one in present if not one.running]
    kept = [] if ended else [one for one in dead if one.began]
    counted, unasked = _counted(fleet, failures, on)
    gone = [one for one in dead if one not in kept]
    return replace(_removed(opened, gone, [*counted, *more], unasked), kept=tuple(kept))


def end(opened: Opened) -> None:
    """Remove what the session launched. Raises the first error, after trying all."""
    for failure in end_these(opened, opened.left()).errors:
        raise failure.error


def end_these(opened: Opened, instances: Sequence[Instance], *, hurried: bool = False) -> Removed:
    """Remove instances, those that are gone already aside; nothing cancels this."""
    with using(Token(hurried=hurried)):
        there = [one for one in instances if _is_there(opened.fleet(), one)]
        return _removed(opened, there, [])


def _is_there(fleet: Fleet, instance: Instance) -> bool:
    """Say whether an engine's id still means this instance: some engines reuse ids."""
    try:
        there = fleet.runtime(instance.runtime).instances(only=instance.runtime_id, detail=False)
    except AbcdRunError:
        return True  # removing it will tell
    keys = [{key: one.labels.get(key) for key in record.UNIQUE} for one in there]
    return {key: instance.labels.get(key) for key in record.UNIQUE} in keys


def _prune_runtime(runtime: Runtime) -> None:
    if isinstance(runtime, Prunes):
        runtime.prune()


def _prune_cache() -> None:
    from abcd_run import build  # noqa: PLC0415  (`stop` needs none of them)
    from abcd_run.artifact import live_iso, site, without_disk  # noqa: PLC0415
    from abcd_run.host import xdg  # noqa: PLC0415  (`stop` needs none of them)
    from abcd_run.oci import fetched  # noqa: PLC0415
    from abcd_run.oci.store import Store  # noqa: PLC0415
    from abcd_run.viewing import browser  # noqa: PLC0415  (`stop` needs none of them)

    browser.prune()
    build.prune()
    if xdg.store().exists():
        fetched.prune(tuple(Kind))
    live_iso.prune()
    site.prune()
    without_disk.prune()
    if xdg.store().exists():
        Store(xdg.store()).collect()


def _counted(
    fleet: Fleet, failures: list[Failure], on: tuple[str, ...]
) -> tuple[list[Failure], list[Failure]]:
    """Return the failures that count, and those of unnamed runtimes that hold nothing."""
    counted = [one for one in failures if on or fleet.could_not_be_asked(one)]
    return counted, [one for one in failures if one not in counted]


def _removed(
    opened: Opened,
    instances: Sequence[Instance],
    problems: list[Failure],
    unasked: Iterable[Failure] = (),
) -> Removed:
    teller = opened.teller()

    def remove_one(instance: Instance) -> Instance:
        teller.say(instance.name, "stopping")
        opened.fleet().runtime(instance.runtime).remove(instance.runtime_id)
        opened.ended(instance)
        return instance

    gone, failures = each(opened, instances, remove_one, grace=UNDO_SECONDS)
    errors = [*problems, *failures, *_interrupted(instances, gone, failures)]
    return Removed(tuple(gone), tuple(errors), tuple(unasked))


def _interrupted(
    instances: Iterable[Instance], gone: list[Instance], failures: list[Failure]
) -> list[Failure]:
    """Return the error that names what an interrupt left, if there was one."""
    if not current().is_set():
        return []
    others = {*(one.name for one in gone), *(one.name for one in failures)}
    left = [one.name for one in instances if one.name not in others]
    details = f"not removed, or not yet: {', '.join(left)}" if left else "all were removed"
    remedy = f"abcd-run stop {' '.join(left)}" if left else ""
    return [Failure(Interrupted("interrupted", details=details, remedy=remedy))]


def each(
    opened: Opened,
    instances: Sequence[Instance],
    act: Callable[[Instance], T],
    *,
    grace: float = 0,
) -> tuple[list[T], list[Failure]]:
    """Call `act` on instances in parallel; return results and failures.

    A runtime that hangs delays only its own instances. When cancelled, running calls get `grace`
    seconds, and no new ones start.
    """
    with ExitStack() as stack:
        runtimes = dict.fromkeys(one.runtime for one in instances)
        lanes = {
            name: stack.enter_context(Threads(opened.fleet().backend(name).at_once))
            for name in runtimes
        }
        futures = [(lanes[one.runtime].submit(partial(act, one)), one) for one in instances]
        if not settled(future for future, _ in futures):
            under_way = [future for future, _ in futures if not future.cancel()]
            with using(Token()):
                settled(under_way, within=grace)
    return _sorted(futures)


def _sorted(futures: list[tuple[Future[T], Instance]]) -> tuple[list[T], list[Failure]]:
    done, failures = [], []
    for future, instance in futures:
        if future.cancelled() or not future.done():
            continue
        try:
            done.append(future.result())
        except AbcdRunError as error:
            failures.append(Failure(error, instance.runtime, instance.name))
    return done, failures
