"""`wait`, `stop` and `prune`: instances come and go."""

import sys
from collections.abc import Sequence

import typer

from abcd_run.commands import options
from abcd_run.commands.display import Display
from abcd_run.errors import UsageError
from abcd_run.report import exit_status, for_people, for_scripts, streams
from abcd_run.session import Instances, Removed, Session, Unkept


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
        print_ready(waited, as_json=as_json)
    return exit_status.of_launched(waited, waited.errors)


def stop(
    *,
    names: options.Names = None,
    everything: options.Everything = False,
    yes: options.Yes = False,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Stop and remove instances: they are ephemeral.

    On a terminal it asks first if that would lose files that somebody made in a home which is not
    kept.

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
        if not yes and not as_json and sys.stdin.isatty() and sys.stderr.isatty():
            _ask(lab.unkept(*(names or ()), on=asked) if names or everything else ())
        with shown:
            if everything:
                removed = lab.stop_all(asked, check=False)
            else:
                removed = lab.stop(*(names or ()), on=asked, check=False)
        _print_removed(removed, as_json=as_json, quiet=quiet, key="stopped")
    named = bool(asked) or not everything
    return exit_status.status(removed.errors, partly=bool(removed.names), named=named)


def _ask(unkept: Sequence[Unkept]) -> None:
    """Ask whether files may be lost. Raises `UsageError` if not."""
    if not unkept:
        return
    for one in unkept:
        files = f"has files that are kept nowhere else: {', '.join(one.files)}"
        holds = files if one.files else "has ended and may have files that are kept nowhere else"
        streams.complain(f"{one.instance.name} {holds}")
    if not typer.confirm("Stop and lose them?", err=True):
        name = unkept[0].instance.name
        save = f"abcd-run cp {name}:FILE . keeps a file"
        raise UsageError(
            "nothing was stopped",
            remedy=f"{save if unkept[0].files else f'abcd-run start {name}'}; "
            "--home at the launch keeps all",
        )


def prune(
    *,
    ended: options.Ended = False,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Remove what killed launches and old images left behind.

    Instances that ran and have ended, for example by a reboot, are kept: `abcd-run start NAME`
    brings them back.

    \b
    abcd-run prune
    abcd-run prune --ended
    """
    shown, asked = Display(quiet=quiet), options.split(on)
    with Session(progress=shown) as lab:
        with shown:
            removed = lab.prune(asked, ended=ended, check=False)
        _print_removed(removed, as_json=as_json, quiet=quiet, key="pruned")
    return exit_status.status(removed.errors, partly=bool(removed.names), named=bool(asked))


def _print_removed(removed: Removed, *, as_json: bool, quiet: bool, key: str) -> None:
    for failure in removed.unasked:
        for_people.print_error(failure.error)
    names, failures = removed.names, removed.errors
    if as_json:
        kept = {"kept": [one.name for one in removed.kept]} if key == "pruned" else {}
        errors = for_scripts.errors(failures)
        for_scripts.print_json({key: list(names), **kept, "errors": errors})
    elif not quiet:
        for_people.print_facts(f"{key} {', '.join(names) or 'nothing'}", {})
        for one in removed.kept:
            ways = f"abcd-run start {one.name}, or abcd-run prune --ended"
            for_people.print_facts(f"kept {one.name}, which has ended: {ways}", {})
    for failure in failures:
        for_people.print_error(failure.error, name=failure.name)


def print_ready(waited: Instances, *, as_json: bool) -> None:
    """Print instances and how to reach them, or what went wrong."""
    if as_json:
        for_scripts.print_json(for_scripts.document(waited.instances, waited.errors))
    else:
        for one in waited:
            for_people.print_launched(one)
    for failure in waited.errors:
        for_people.print_error(failure.error, name=failure.name)
