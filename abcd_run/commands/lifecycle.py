"""`wait`, `stop` and `prune`: instances that come and go."""

from abcd_run.commands import options
from abcd_run.commands.display import Display
from abcd_run.errors import Interrupted, UsageError
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
            done = lab.wait(*(names or ()), timeout=timeout, on=asked, check=False)
        _print(done, as_json=as_json)
    return exit_status.status(done.instances, done.errors)


def stop(
    *,
    names: options.Names = None,
    everything: options.Everything = False,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
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
    shown, asked = Display(quiet=quiet), options.split(on)
    with Session(progress=shown) as lab:
        with shown:
            if everything:
                removed = lab.stop_all(asked, check=False)
            else:
                removed = lab.stop(*(names or ()), on=asked, check=False)
        status = _told(removed, as_json=as_json, quiet=quiet, key="stopped")
    return _of_all(status) if everything and not asked else status


def prune(
    *, on: options.Runtimes = None, as_json: options.Json = False, quiet: options.Quiet = False
) -> int:
    """Remove what killed launches and old images have left.

    \b
    abcd-run prune
    """
    shown, asked = Display(quiet=quiet), options.split(on)
    with Session(progress=shown) as lab:
        with shown:
            removed = lab.prune(asked, check=False)
        status = _told(removed, as_json=as_json, quiet=quiet, key="pruned")
    return _of_all(status) if not asked else status


def _of_all(status: int) -> int:
    """Return the status where nobody named what fails: then some have failed."""
    return status if status in (0, Interrupted.status) else 1


def _told(removed: Removed, *, as_json: bool, quiet: bool, key: str) -> int:
    """Print what is gone and what failed, and return the status."""
    for failure in removed.unasked:
        for_people.print_error(failure.error)
    names, failures = removed.names, removed.errors
    if as_json:
        errors = [for_scripts.error(one) for one in failures]
        for_scripts.print_json({key: list(names), "errors": errors})
    elif not quiet:
        for_people.print_facts(f"{key} {', '.join(names) or 'nothing'}", {})
    for failure in failures:
        for_people.print_error(failure.error, name=failure.name)
    if any(isinstance(one.error, Interrupted) for one in failures):
        return Interrupted.status
    codes = {failure.error.status for failure in failures}
    return codes.pop() if len(codes) == 1 and not names else int(bool(failures))


def _print(done: Instances, *, as_json: bool) -> None:
    if as_json:
        for_scripts.print_json(for_scripts.document(done.instances, done.errors))
    else:
        for one in done.instances:
            for_people.print_launched(one)
    for failure in done.errors:
        for_people.print_error(failure.error, name=failure.name)
