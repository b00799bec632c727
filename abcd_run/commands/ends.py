"""`wait`, `stop` and `prune`: instances that come and go."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar

import click

from abcd_run import report
from abcd_run.commands import options
from abcd_run.errors import AbcdRunError, Failure, Interrupted, UsageError
from abcd_run.fleet import PATIENT_SECONDS, Fleet
from abcd_run.interrupts import Interrupts
from abcd_run.launch import WORKERS, Launched, Launcher
from abcd_run.model import Instance
from abcd_run.progress import Progress, progress
from abcd_run.registry import Registry
from abcd_run.runtime import Prunes, Runtime

T = TypeVar("T")

PRUNE_SECONDS = 120.0
"""How long a runtime may take to remove old images, before it is said to be stuck."""


@click.command()
@options.names
@click.option("--timeout", metavar="S", type=options.number, help="Seconds.")
@options.on
@options.common
def wait(
    *,
    names: tuple[str, ...],
    timeout: float | None,
    on: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> int:
    """Wait until instances are ready.

    \b
    abcd-run wait abcd4demo-podman-1 --timeout 60
    """
    if not names:
        raise UsageError("wait for which instance?", remedy="abcd-run ps")
    with Fleet(Registry.installed()) as fleet:
        found = [fleet.find(name, on) for name in names]
        shown, cancelled = progress(quiet=quiet), Event()
        launcher = Launcher(fleet, shown, cancelled)

        def await_one(instance: Instance) -> Launched:
            runtime = fleet.runtime(instance.runtime)
            return launcher.await_ready(instance, runtime, timeout or 0)

        done, failures = _each(found, await_one, shown, cancelled)
    late = [Failure(one.late, one.instance.runtime, one.instance.name) for one in done if one.late]
    failures += late
    _print(done, failures, as_json=as_json)
    return report.status(done, failures)


@click.command()
@options.names
@click.option("--all", "everything", is_flag=True, help="Every instance on every runtime.")
@options.on
@options.common
def stop(
    *, names: tuple[str, ...], everything: bool, on: tuple[str, ...], as_json: bool, quiet: bool
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
    with Fleet(Registry.installed()) as fleet:
        found, problems = _chosen(fleet, names, on, everything=everything)
        return _remove(fleet, found, problems, as_json=as_json, quiet=quiet, key="stopped")


@click.command()
@options.on
@options.common
def prune(*, on: tuple[str, ...], as_json: bool, quiet: bool) -> int:
    """Remove what killed launches and old images have left.

    \b
    abcd-run prune
    """
    with Fleet(Registry.installed()) as fleet:
        shown = progress(quiet=quiet)
        try:
            dead, problems = _pruned(fleet, on, shown)
        finally:
            shown.close()
        return _remove(fleet, dead, problems, as_json=as_json, quiet=quiet, key="pruned")


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
    return [one for one in found if not one.running], [*_counted(failures, on), *more]


def _prune_runtime(runtime: Runtime) -> None:
    if isinstance(runtime, Prunes):
        runtime.prune()


def _prune_cache() -> None:
    from abcd_run import places  # noqa: PLC0415
    from abcd_run.artifact import iso  # noqa: PLC0415
    from abcd_run.oci.store import Store  # noqa: PLC0415

    iso.prune()
    if places.store().exists():
        Store(places.store()).collect()


def _chosen(
    fleet: Fleet, names: tuple[str, ...], on: tuple[str, ...], *, everything: bool
) -> tuple[list[Instance], list[Failure]]:
    if everything:
        found, failures = fleet.instances(on, detail=False, within=PATIENT_SECONDS)
        return found, _counted(failures, on)
    chosen, problems = [], []
    for name in dict.fromkeys(names):
        try:
            chosen.append(fleet.find(name, on))
        except AbcdRunError as error:
            problems.append(Failure(error, name=name))
    return chosen, problems


def _counted(failures: list[Failure], on: tuple[str, ...]) -> list[Failure]:
    """Return what failed; a runtime that is down is a note, unless it was asked for by name."""
    if on:
        return failures
    for failure in failures:
        report.print_error(failure.error)
    return []


def _remove(
    fleet: Fleet,
    found: list[Instance],
    problems: list[Failure],
    *,
    as_json: bool,
    quiet: bool,
    key: str,
) -> int:
    shown, cancelled = progress(quiet=quiet), Event()

    def remove_one(instance: Instance) -> Instance:
        shown.say(instance.name, "stopping")
        fleet.runtime(instance.runtime).remove(instance.runtime_id)
        return instance

    gone, failures = _each(found, remove_one, shown, cancelled)
    failures = [*problems, *failures]
    names = [instance.name for instance in gone]
    if as_json:
        report.print_json({key: names, "errors": [report.error(one) for one in failures]})
    elif not quiet:
        report.print_facts(f"{key} {', '.join(names) or 'nothing'}", {})
    for failure in failures:
        report.print_error(failure.error, name=failure.name)
    codes = {failure.error.status for failure in failures}
    return codes.pop() if len(codes) == 1 and not gone else int(bool(failures))


def _each(
    instances: Iterable[Instance],
    act: Callable[[Instance], T],
    shown: Progress,
    cancelled: Event,
) -> tuple[list[T], list[Failure]]:
    """Do something with instances side by side; what fails comes back as a failure."""
    done, failures = [], []
    with Interrupts() as interrupts, ThreadPoolExecutor(WORKERS) as pool:
        futures = {pool.submit(act, instance): instance for instance in instances}
        try:
            interrupts.await_all(futures)
            for future, instance in futures.items():
                try:
                    done.append(future.result())
                except AbcdRunError as error:
                    failures.append(Failure(error, instance.runtime, instance.name))
        except KeyboardInterrupt:
            cancelled.set()
            pool.shutdown(cancel_futures=True)
            raise Interrupted("interrupted: the instances were left as they are") from None
        finally:
            shown.close()
    return done, failures


def _print(done: list[Launched], failures: list[Failure], *, as_json: bool) -> None:
    if as_json:
        report.print_json(report.document(done, failures))
    else:
        for one in done:
            report.print_launched(one)
    for failure in failures:
        report.print_error(failure.error, name=failure.name)
