"""`ps`, `show` and `open`: list instances and reach them."""

from collections.abc import Iterable

from abcd_run.backend import record
from abcd_run.commands import options
from abcd_run.errors import AbcdRunError, Failure, NoRuntime
from abcd_run.launch import endpoints
from abcd_run.launch.launched import Launched
from abcd_run.model import Instance
from abcd_run.report import exit_status, for_people, for_scripts
from abcd_run.session import Session


def ps(
    *, on: options.Runtimes = None, as_json: options.Json = False, quiet: options.Quiet = False
) -> int:
    """List the instances on all runtimes.

    ROOT is the user of this host that root inside really is: 0→1001 is the one with uid 1001.
    STAGE is how far it is: created, running, reachable, ready; or what its runtime says of it.

    \b
    abcd-run ps
    abcd-run ps --on podman --json
    """
    asked = options.split(on)
    with Session() as lab:
        listed = lab.instances(asked)
    if as_json:
        for_scripts.print_json(for_scripts.document(listed.instances, listed.errors))
    elif listed.instances or not quiet:
        for_people.print_table(
            ("NAME", "IMAGE", "RUNTIME", "STAGE", "ROOT", "ENDPOINT"),
            [_row(one) for one in listed],
        )
    for failure in listed.errors:
        for_people.print_error(failure.error)
    # A runtime that is down is only a note, unless the user named it.
    return NoRuntime.status if asked and listed.errors else 0


def _row(launched: Launched) -> tuple[str, ...]:
    instance = launched.instance
    shown = endpoints.to_open(instance)
    return (
        instance.name,
        record.read(instance.labels).image,
        instance.runtime,
        for_people.stage(launched),
        for_people.mapping(instance.host_root),
        endpoints.typed(shown).url if shown else "",
    )


def show(*, name: options.Name, on: options.Runtimes = None, as_json: options.Json = False) -> int:
    """Show endpoints, password and everything else about an instance.

    \b
    abcd-run show abcd4demo-podman-1
    """
    with Session() as lab:
        launched = lab.show(name, options.split(on))
    if as_json:
        for_scripts.print_json(for_scripts.document([launched], []))
    else:
        for_people.print_shown(launched)
    return 0


def open_(
    *,
    name: options.Name,
    on: options.Runtimes = None,
    tab: options.InTab = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Open an instance's desktop or page, or print its address.

    \b
    abcd-run open abcd4demo-podman-1
    abcd-run open --tab abcd4demo-libvirt-1
    """
    if tab:
        from abcd_run.commands.wall import show_in_tab  # noqa: PLC0415  (it imports a server)

        return show_in_tab(name, options.split(on), as_json=as_json, quiet=quiet)
    with Session() as lab:
        instance = lab.find(name, options.split(on))
        failures = open_all(lab, [instance])
        if as_json:
            for_scripts.print_json(for_scripts.document([lab.show(instance)], failures))
    if not as_json and not failures:
        _print_address(instance)
    for failure in failures:
        for_people.print_error(failure.error)
    return exit_status.status(failures)


def _print_address(instance: Instance) -> None:
    user = record.read(instance.labels).user
    facts = {one.service: one.url for one in [endpoints.to_open(instance)] if one}
    for_people.print_facts(instance.name, {**facts, "user": user, "password": instance.password})


def open_all(lab: Session, instances: Iterable[Instance]) -> list[Failure]:
    """Open each instance's main endpoint; return the failures."""
    failures = []
    for one in instances:
        try:
            lab.open(one)
        except AbcdRunError as error:
            failures.append(Failure(error, one.runtime, one.name))
    return failures
