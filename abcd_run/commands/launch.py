"""`abcd-run IMAGE`: launch it."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from abcd_run import artifact, planner, report, settings, shorthand, target, variables
from abcd_run.catalogue import Catalogue
from abcd_run.commands import options
from abcd_run.commands.group import LAUNCH, DefaultLaunch
from abcd_run.commands.look import open_all
from abcd_run.errors import Failure, UsageError
from abcd_run.fleet import Fleet
from abcd_run.launch import Launcher
from abcd_run.model import Plan, Share
from abcd_run.progress import progress
from abcd_run.request import Request
from abcd_run.runtime import Explains
from abcd_run.units import parse_size

Parameters = tuple[str, ...]

LONGEST_PASSWORD = 1024
ROOTFUL = "Allow root inside to be root of this host, and options of a profile that reach the host."


class OneImage(click.Command):
    """The launch: words after IMAGE that are no option must stand behind `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse a second IMAGE, which would otherwise be taken for a command to run inside."""
        after = len(args) - args.index("--") - 1 if "--" in args else 0
        rest = super().parse_args(ctx, args)
        command: tuple[str, ...] = ctx.params.get("command") or ()
        if len(command) > after and not ctx.resilient_parsing:
            image, word = ctx.params["image"], command[0]
            raise UsageError(
                f"one IMAGE at a time: {word!r} is another",
                remedy=f"abcd-run {image} -- {shlex.join(command)}   if that is a command to run",
            )
        return rest


@click.command(cls=OneImage)
@options.image
@click.argument("command", metavar="[-- COMMAND…]", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--on",
    metavar="RUNTIME[,…]",
    multiple=True,
    callback=options.split,
    shell_complete=options.complete_runtime,
    help="Where: runtimes by name, auto (the best one here) or all (all usable ones).",
)
@click.option("--count", metavar="N", type=click.IntRange(1, 999), default=1, help="N on each.")
@click.option("--name", metavar="NAME", help="Name it; default IMAGE-RUNTIME-N.")
@click.option("--memory", metavar="SIZE", help="Memory, such as 2GiB.")
@click.option("--cpus", metavar="N", type=options.number, help="Processors.")
@click.option("--address", metavar="ADDR", default="127.0.0.1", help="Publish on this address.")
@click.option("--publish", metavar="SERVICE[=PORT]", multiple=True, help="Fix a service's port.")
@click.option("--share", "shares", metavar="DIR[:PATH][:ro]", multiple=True, help="Share a folder.")
@click.option("--env", metavar="K=V", multiple=True, help="Set a variable; K alone takes yours.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read the password from this file, not a random one.",
)
@click.option("--timeout", metavar="S", type=options.number, help="Seconds.")
@click.option("--wait/--no-wait", default=True, help="Wait until it is ready (default).")
@click.option("--open/--no-open", "open_it", default=False, help="Show it when it is ready.")
@options.pull
@options.profiles
@click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, help="Change a profile key.")
@click.option("--rootful", is_flag=True, help=ROOTFUL)
@click.option("--dry-run", is_flag=True, help="Print the plan and the native command, do nothing.")
@options.common
def launch(
    *,
    folder: Path | None,
    as_json: bool,
    quiet: bool,
    dry_run: bool,
    wait: bool,
    open_it: bool,
    **given: Any,
) -> int:
    """Launch IMAGE, and print how to reach it.

    \b
    abcd-run abcd4demo
    abcd-run --on podman,docker --count 3 abcd4demo
    abcd-run --share ~/work --memory 1GiB abcd4demo
    abcd-run docker.io/library/nginx:latest
    abcd-run ./image.oci.tar -- sh -c 'echo hello'
    """
    defaults = settings.load()
    request = _request(given, defaults.on)
    with Fleet(defaults.registry()) as fleet:
        changes = shorthand.written_out(request.changes, fleet.registry)
        request = replace(request, changes=changes)
        commands = [name for name in DefaultLaunch.modules if name != LAUNCH]
        wanted = target.resolve(request, Catalogue.usual(folder), more=commands)
        planned = planner.plan(request, wanted, fleet)
        if dry_run:
            return _explain(planned, fleet, as_json=as_json)
        planner.check_memory(planned.plans)
        if not quiet:
            report.print_notes(planned.notes)
        shown = progress(quiet=quiet)
        try:
            launcher = Launcher(fleet, shown, wait=wait)
            done, failures = launcher.launch_all(planned.plans)
        finally:
            shown.close()
        failures = [*planned.failures, *failures]
        if open_it:
            failures += open_all(one.instance for one in done)
        _report(report.document(done, failures), done, failures, as_json=as_json)
        return report.status(done, failures)


def _report(
    document: report.Document, done: list[Any], failures: list[Failure], *, as_json: bool
) -> None:
    if as_json:
        report.print_json(document)
    else:
        for one in done:
            report.print_launched(one)
    for failure in failures:
        report.print_error(failure.error, name=failure.name or failure.runtime)


def _explain(planned: planner.Planned, fleet: Fleet, *, as_json: bool) -> int:
    report.print_notes(planned.notes)
    plans = [(plan, _native(plan, fleet)) for plan in planned.plans]
    if as_json:
        errors = [report.error(failure) for failure in planned.failures]
        report.print_json({"plans": [report.plan(*one) for one in plans], "errors": errors})
    else:
        for plan, native in plans:
            report.print_plan(plan, native)
    for failure in planned.failures:
        report.print_error(failure.error, name=failure.runtime)
    return report.status([], planned.failures) if planned.failures else 0


def _native(plan: Plan, fleet: Fleet) -> str:
    runtime = fleet.runtime(plan.runtime)
    return runtime.native(plan, artifact.planned(plan)) if isinstance(runtime, Explains) else ""


def _request(given: Mapping[str, Any], default_on: Parameters) -> Request:
    changes = _changes(given["changes"])
    for key, value in (("memory", given["memory"]), ("cpus", given["cpus"])):
        if value is not None:
            _put(changes, f"resources.{key}", value, said=f"--{key}")
    if given["memory"] is not None:
        parse_size(given["memory"])
    if given["name"] == "":
        raise UsageError("--name '': the name is empty", remedy="use a-z, 0-9 and -")
    return Request(
        image=given["image"],
        on=given["on"] or default_on,
        count=given["count"],
        name=given["name"] or "",
        address=given["address"],
        publish=given["publish"],
        shares=tuple(_share(word) for word in given["shares"]),
        env=dict(_variable(word) for word in given["env"]),
        password=_password(given["password_file"]),
        command=given["command"],
        pull=given["pull"],
        timeout=given["timeout"] or 0,
        rootful=given["rootful"],
        changes=changes,
    )


def _changes(words: Parameters) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not all(key.split(".")):
            raise UsageError(
                f"--set {word}: expected KEY=VALUE", remedy="--set resources.memory=1GiB"
            )
        _put(changes, key, _value(text), said=f"--set {word}")
    return changes


def _put(changes: dict[str, Any], key: str, value: Any, *, said: str) -> None:
    *tables, last = key.split(".")
    table = changes
    for name in tables:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise UsageError(
                f"{said}: another --set says that {name} is a value, not a table",
                remedy=f"leave out --set {name}=…",
            )
    table[last] = value


def _value(text: str) -> Any:
    import tomllib  # noqa: PLC0415  (only --set needs it before a profile is read)

    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return read["value"] if len(read) == 1 else text


def _share(word: str) -> Share:
    text, read_only = word.removesuffix(":ro"), word.endswith(":ro")
    source, _, path = text.partition(":")
    if not source or ":" in path:
        raise UsageError(
            f"--share {word}: expected DIR[:PATH][:ro]",
            remedy="--share DIR, --share DIR:/path/inside or --share DIR:/path/inside:ro",
        )
    folder = Path(source).expanduser().absolute()
    if path and not path.startswith("/"):
        raise UsageError(
            f"--share {word}: {path!r} is not an absolute path inside",
            remedy=f"--share {source}:/{path}",
        )
    if path and not path.strip("/"):
        raise UsageError(
            f"--share {word}: nothing can be shared as the root of an instance",
            remedy=f"--share {source}:/mnt",
        )
    return Share(folder, path or f"/mnt/{folder.name or 'host'}", read_only=read_only)


def _variable(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not variables.is_name(key):
        raise UsageError(
            f"--env {word}: {key!r} is not a variable's name", remedy="--env KEY=VALUE"
        )
    if not equals and key not in os.environ:
        raise UsageError(f"--env {word}: {key} is not set here", remedy=f"--env {key}=VALUE")
    return key, value if equals else os.environ[key]


def _password(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST_PASSWORD + 1).strip()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"--password-file {path}: not UTF-8 text", remedy=f"write the password into {path}"
        ) from error
    except OSError as error:
        raise UsageError(
            f"--password-file {path}: cannot be read: {error.strerror}", remedy=f"ls -l {path}"
        ) from error
    if not text.isprintable() or not 0 < len(text) <= LONGEST_PASSWORD:
        raise UsageError(
            f"--password-file {path}: expected one line with the password",
            remedy=f"write the password into {path}",
        )
    return text
