"""`wait`, `stop` and `prune`: instances come and go."""

from abcd_run.commands import options
from abcd_run.commands.display import Display
from abcd_run.errors import UsageError
from abcd_run.report import exit_status, for_people, for_scripts
from abcd_run.session import Instances, Removed, Session


def wait(
    *,
    names: options.Names = None,
    timeout: options.Timeout = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Wait until instances are ready.

    \b
    abcd-run wait abcd4demo-podman-1 --timeout 60
    """
    shown, asked = Display(quiet=quiet), options.split(on)
    with Session(progress=shown) as lab:
        with shown:
            waited = lab.wait(*(names or ()), timeout=timeout, on=asked, check=False)
        _print_ready(waited, as_json=as_json)
    return exit_status.of_launched(waited, waited.errors)


def stop(
    *,
    names: options.Names = None,
    everything: options.Everything = False,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Stop and remove instances: they are ephemeral.

    \b
    abcd-run stop abcd4demo-podman-1
    abcd-run stop --all
    abcd-run stop --all --on docker
    """
    if names and everything:
        raise UsageError(
            "give names or --all, not both", remedy="abcd-run stop NAME, or stop --all"
        )
    shown, asked = Display(quiet=quiet), options.split(on)
    with Session(progress=shown) as lab:
        with shown:
            if everything:
                removed = lab.stop_all(asked, check=False)
            else:
                removed = lab.stop(*(names or ()), on=asked, check=False)
        _print_removed(removed, as_json=as_json, quiet=quiet, key="stopped")
    named = bool(asked) or not everything
    return exit_status.status(removed.errors, partly=bool(removed.names), named=named)


def prune(
    *, on: options.Runtimes = None, as_json: options.Json = False, quiet: options.Quiet = False
) -> int:
    """Remove what killed launches and old images left behind.

    \b
    abcd-run prune
    """
    shown, asked = Display(quiet=quiet), options.split(on)
    with Session(progress=shown) as lab:
        with shown:
            removed = lab.prune(asked, check=False)
        _print_removed(removed, as_json=as_json, quiet=quiet, key="pruned")
    return exit_status.status(removed.errors, partly=bool(removed.names), named=bool(asked))


def _print_removed(removed: Removed, *, as_json: bool, quiet: bool, key: str) -> None:
    for failure in removed.unasked:
        for_people.print_error(failure.error)
    names, failures = removed.names, removed.errors
    if as_json:
        for_scripts.print_json({key: list(names), "errors": for_scripts.errors(failures)})
    elif not quiet:
        for_people.print_facts(f"{key} {', '.join(names) or 'nothing'}", {})
    for failure in failures:
        for_people.print_error(failure.error, name=failure.name)


def _print_ready(waited: Instances, *, as_json: bool) -> None:
    if as_json:
        for_scripts.print_json(for_scripts.document(waited.instances, waited.errors))
    else:
        for one in waited:
            for_people.print_launched(one)
    for failure in waited.errors:
        for_people.print_error(failure.error, name=failure.name)
