"""`wait`, `stop` and `prune`: instances that come and go."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from abcd_run import report
from abcd_run.cancel import Token, current, settled, using
from abcd_run.commands import options
from abcd_run.errors import AbcdRunError, Failure, Interrupted, UsageError
from abcd_run.fleet import PATIENT_SECONDS, Fleet
from abcd_run.launch import UNDO_SECONDS, WORKERS, Launcher
from abcd_run.launched import Launched
from abcd_run.model import Instance
from abcd_run.progress import Progress, progress
from abcd_run.registry import Registry
from abcd_run.runtime import Prunes, Runtime
from abcd_run.threads import Threads

T = TypeVar("T")

PRUNE_SECONDS = 120.0
"""How long a runtime may take to remove old images, before it is said to be stuck."""


def wait(
    *,
    names: options.Names = None,
    timeout: options.Timeout = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Wait until instances are ready.

    \b
    abcd-run wait abcd4demo-podman-1 --timeout 60
    """
    if not names:
        raise UsageError("wait for which instance?", remedy="abcd-run ps")
    asked = options.split(on)
    with Fleet(Registry.installed()) as fleet:
        found = [fleet.find(name, asked) for name in names]
        shown = progress(quiet=quiet)
        launcher = Launcher(fleet, shown)

        def await_one(instance: Instance) -> Launched:
            runtime = fleet.runtime(instance.runtime)
            return launcher.await_ready(instance, runtime, timeout or 0)

        done, failures = _each(found, await_one, shown)
    if current().is_set():
        raise Interrupted("interrupted: the instances were left as they are")
    late = [Failure(one.late, one.instance.runtime, one.instance.name) for one in done if one.late]
    failures += late
    _print(done, failures, as_json=as_json)
    return report.status(done, failures)


def stop(
    *,
    names: options.Names = None,
    everything: options.Everything = False,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Stop instances and remove them: they are ephemeral.

    \b
    abcd-run stop abcd4demo-podman-1
    abcd-run stop --all
    abcd-run stop --all --on docker
    """
    if names and everything:
        raise UsageError(
            "--all and names exclude each other", remedy="abcd-run stop NAME, or stop --all"
        )
    if not names and not everything:
        raise UsageError("stop which instance?", remedy="abcd-run stop NAME, or stop --all")
    asked = options.split(on)
    with Fleet(Registry.installed()) as fleet:
        found, problems = _chosen(fleet, names or [], asked, everything=everything)
        status = _remove(fleet, found, problems, as_json=as_json, quiet=quiet, key="stopped")
        return _of_all(status) if everything and not asked else status


def prune(
    *,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Remove what killed launches and old images have left.

    \b
    abcd-run prune
    """
    asked = options.split(on)
    with Fleet(Registry.installed()) as fleet:
        shown = progress(quiet=quiet)
        try:
            dead, problems = _pruned(fleet, asked, shown)
        finally:
            shown.close()
        status = _remove(fleet, dead, problems, as_json=as_json, quiet=quiet, key="pruned")
        return _of_all(status) if not asked else status


def _of_all(status: int) -> int:
    """Return the status where nobody named what fails: then some have failed."""
    return status if status in (0, Interrupted.status) else 1


def _pruned(
    fleet: Fleet, on: tuple[str, ...], shown: Progress
) -> tuple[list[Instance], list[Failure]]:
    """Remove what belongs to no instance; return the instances that do not run, and what failed."""
    found, failures = fleet.instances(on, detail=False, within=PATIENT_SECONDS)
    down = {failure.runtime for failure in failures}
    up = [name for name in fleet.meant(on) if name not in down]
    for name in up:
        shown.say(name, "removing what launches and old images have left")
    _, more = fleet.ask(up, _prune_runtime, within=PRUNE_SECONDS)
    _prune_cache()
    return [one for one in found if not one.running], [*_counted(fleet, failures, on), *more]


def _prune_runtime(runtime: Runtime) -> None:
    if isinstance(runtime, Prunes):
        runtime.prune()


def _prune_cache() -> None:
    from abcd_run import browser, build, places  # noqa: PLC0415
    from abcd_run.artifact import iso  # noqa: PLC0415
    from abcd_run.oci.store import Store  # noqa: PLC0415

    browser.prune()
    build.prune()
    iso.prune()
    if places.store().exists():
        Store(places.store()).collect()


def _chosen(
    fleet: Fleet, names: list[str], on: tuple[str, ...], *, everything: bool
) -> tuple[list[Instance], list[Failure]]:
    if everything:
        found, failures = fleet.instances(on, detail=False, within=PATIENT_SECONDS)
        return found, _counted(fleet, failures, on)
    chosen, problems = [], []
    for name in dict.fromkeys(names):
        try:
            chosen.append(fleet.find(name, on))
        except AbcdRunError as error:
            problems.append(Failure(error, name=name))
    return chosen, problems


def _counted(fleet: Fleet, failures: list[Failure], on: tuple[str, ...]) -> list[Failure]:
    """Return what failed, and make a note of runtimes that hold nothing and were not named."""
    counted = [one for one in failures if on or fleet.could_not_be_asked(one)]
    for failure in failures:
        if failure not in counted:
            report.print_error(failure.error)
    return counted


def _remove(
    fleet: Fleet,
    found: list[Instance],
    problems: list[Failure],
    *,
    as_json: bool,
    quiet: bool,
    key: str,
) -> int:
    shown = progress(quiet=quiet)

    def remove_one(instance: Instance) -> Instance:
        shown.say(instance.name, "stopping")
        fleet.runtime(instance.runtime).remove(instance.runtime_id)
        return instance

    gone, failures = _each(found, remove_one, shown, grace=UNDO_SECONDS)
    failures = [*problems, *failures, *_interrupted(found, gone, failures)]
    names = [instance.name for instance in gone]
    if as_json:
        report.print_json({key: names, "errors": [report.error(one) for one in failures]})
    elif not quiet:
        report.print_facts(f"{key} {', '.join(names) or 'nothing'}", {})
    for failure in failures:
        report.print_error(failure.error, name=failure.name)
    if current().is_set():
        return Interrupted.status
    codes = {failure.error.status for failure in failures}
    return codes.pop() if len(codes) == 1 and not gone else int(bool(failures))


def _interrupted(
    found: list[Instance], gone: list[Instance], failures: list[Failure]
) -> list[Failure]:
    """Return the error that names what an interrupt has left, if there was one."""
    if not current().is_set():
        return []
    others = {*(one.name for one in gone), *(one.name for one in failures)}
    left = [one.name for one in found if one.name not in others]
    details = f"not removed, or not yet: {', '.join(left)}" if left else "all were removed"
    remedy = f"abcd-run stop {' '.join(left)}" if left else ""
    return [Failure(Interrupted("interrupted", details=details, remedy=remedy))]


def _each(
    instances: Sequence[Instance],
    act: Callable[[Instance], T],
    shown: Progress,
    *,
    grace: float = 0,
) -> tuple[list[T], list[Failure]]:
    """Do something with instances side by side; what fails comes back as a failure.

    A runtime that hangs holds up its own alone. When it is cancelled, what is under way gets
    `grace` seconds, and nothing more is begun.
    """
    with ExitStack() as stack:
        runtimes = dict.fromkeys(one.runtime for one in instances)
        lanes = {name: stack.enter_context(Threads(WORKERS)) for name in runtimes}
        futures = {lanes[one.runtime].submit(partial(act, one)): one for one in instances}
        try:
            if not settled(futures):
                under_way = [future for future in futures if not future.cancel()]
                with using(Token()):
                    settled(under_way, within=grace)
        finally:
            shown.close()
    return _sorted(futures)


def _sorted(futures: dict[Future[T], Instance]) -> tuple[list[T], list[Failure]]:
    done, failures = [], []
    for future, instance in futures.items():
        if future.cancelled() or not future.done():
            continue
        try:
            done.append(future.result())
        except AbcdRunError as error:
            failures.append(Failure(error, instance.runtime, instance.name))
    return done, failures


def _print(done: list[Launched], failures: list[Failure], *, as_json: bool) -> None:
    if as_json:
        report.print_json(report.document(done, failures))
    else:
        for one in done:
            report.print_launched(one)
    for failure in failures:
        report.print_error(failure.error, name=failure.name)
