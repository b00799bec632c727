"""`ps`, `show` and `open`: what there is, and how to reach it."""

from collections.abc import Iterable
from functools import partial

from abcd_run import endpoints, record, report
from abcd_run.cancel import awaited
from abcd_run.commands import options
from abcd_run.errors import AbcdRunError, Failure
from abcd_run.fleet import Fleet
from abcd_run.launched import Launched, measured
from abcd_run.model import Instance
from abcd_run.registry import Registry
from abcd_run.threads import Threads

LOOKS_AT_ONCE = 16


def ps(
    *,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """List the instances on all runtimes.

    \b
    abcd-run ps
    abcd-run ps --on podman --json
    """
    asked = options.split(on)
    with Fleet(Registry.installed()) as fleet:
        found, errors = fleet.instances(asked)
        seen = look_at(found, fleet)
    if as_json:
        report.print_json(report.document(seen, errors))
    elif seen or not quiet:
        report.print_table(
            ("NAME", "IMAGE", "RUNTIME", "STAGE", "ROOT", "ENDPOINT"), [_row(one) for one in seen]
        )
    for failure in errors:
        report.print_error(failure.error)
    # A runtime that is down is a note, unless it was asked for by name.
    return 3 if asked and errors else 0


def look_at(instances: Iterable[Instance], fleet: Fleet) -> list[Launched]:
    """Return instances with the stages that they are at now."""

    def look(instance: Instance) -> Launched:
        return measured(fleet.runtime(instance.runtime), instance)

    instances = list(instances)
    with Threads(min(len(instances), LOOKS_AT_ONCE)) as threads:
        looks = [threads.submit(partial(look, instance)) for instance in instances]
        return [awaited(one) for one in looks]


def _row(launched: Launched) -> tuple[str, ...]:
    found = launched.instance
    shown = endpoints.to_open(found)
    stage = str(launched.stage) if found.running and not found.silent else found.state
    return (
        found.name,
        record.read(found.labels).image,
        found.runtime,
        stage,
        report.mapping(found.host_root),
        shown.url if shown else "",
    )


def show(
    *,
    name: options.Name,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Show endpoints, password and all else about an instance.

    \b
    abcd-run show abcd4demo-podman-1
    """
    with Fleet(Registry.installed()) as fleet:
        seen = look_at([fleet.find(name, options.split(on))], fleet)
    if as_json:
        report.print_json(report.document(seen, []))
    else:
        report.print_shown(seen[0])
    return 0


def open_(
    *,
    name: options.Name,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Open an instance's desktop or page, or print its address.

    \b
    abcd-run open abcd4demo-podman-1
    """
    with Fleet(Registry.installed()) as fleet:
        found = fleet.find(name, options.split(on))
        failures = open_all([found])
        if as_json:
            report.print_json(report.document(look_at([found], fleet), failures))
    if not as_json and not failures:
        _print_address(found)
    for failure in failures:
        report.print_error(failure.error)
    return failures[0].error.status if failures else 0


def _print_address(instance: Instance) -> None:
    user = record.read(instance.labels).user
    facts = {one.service: one.url for one in [endpoints.to_open(instance)] if one}
    report.print_facts(instance.name, {**facts, "user": user, "password": instance.password})


def open_all(instances: Iterable[Instance]) -> list[Failure]:
    """Open the endpoint of each that a person wants to see; return those that have none."""
    failures = []
    for one in instances:
        try:
            _open(one)
        except AbcdRunError as error:
            failures.append(Failure(error, one.runtime, one.name))
    return failures


def _open(instance: Instance) -> None:
    from abcd_run import publisher, viewer  # noqa: PLC0415  (`ps` opens nothing, and is counted)

    endpoint = endpoints.to_open(instance)
    if endpoint is None:
        raise AbcdRunError(
            f"{instance.name} has nothing to look at", remedy=f"abcd-run show {instance.name}"
        )
    publisher.check(instance, endpoint)
    user = record.read(instance.labels).user
    viewer.show(endpoint, user=user, password=instance.password)
