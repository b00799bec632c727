"""`abcd-run IMAGE`: launch it."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from abcd_run import artifact, planner, report, settings, shorthand, target, variables
from abcd_run.catalogue import Catalogue
from abcd_run.commands import options
from abcd_run.commands.group import COMMANDS, LAUNCH
from abcd_run.commands.look import open_all
from abcd_run.errors import Failure, UsageError
from abcd_run.fleet import Fleet
from abcd_run.launch import Launcher
from abcd_run.model import Plan, Share
from abcd_run.progress import progress
from abcd_run.request import Request
from abcd_run.runtime import Explains
from abcd_run.units import parse_size

LONGEST_PASSWORD = 1024


def launch(
    *,
    image: options.Image,
    command: options.Inside = None,
    on: options.Where = None,
    count: options.Count = 1,
    name: options.Called = None,
    memory: options.Memory = None,
    cpus: options.Cpus = None,
    address: options.Address = "127.0.0.1",
    publish: options.Publish = None,
    share: options.Shares = None,
    env: options.Env = None,
    password_file: options.PasswordFile = None,
    timeout: options.Timeout = None,
    wait: options.Wait = True,
    open_it: options.Open = False,
    pull: options.Pull = "missing",
    profiles: options.Profiles = None,
    changes: options.Changes = None,
    rootful: options.Rootful = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Launch IMAGE, and print how to reach it.

    \b
    abcd-run abcd4demo
    abcd-run --on podman,docker --count 3 abcd4demo
    abcd-run --share ~/work --memory 1GiB abcd4demo
    abcd-run docker.io/library/nginx:latest
    abcd-run ./image.oci.tar -- sh -c 'echo hello'
    """
    request = Request(
        image=image,
        on=options.split(on),
        count=count,
        name=_name(name),
        address=address,
        publish=tuple(publish or ()),
        shares=tuple(_share(word) for word in share or ()),
        env=dict(_variable(word) for word in env or ()),
        password=_password(password_file),
        command=tuple(command or ()),
        pull=pull,
        timeout=timeout or 0,
        rootful=rootful,
        changes=_changes(changes or [], memory=memory, cpus=cpus),
    )
    way = Way(dry_run=dry_run, wait=wait, open_it=open_it, as_json=as_json, quiet=quiet)
    return _launch(request, profiles, way)


class Way(NamedTuple):
    """What is done about a launch, and how it is told."""

    dry_run: bool
    wait: bool
    open_it: bool
    as_json: bool
    quiet: bool


def _launch(request: Request, profiles: Path | None, way: Way) -> int:
    defaults = settings.load()
    request = replace(request, on=request.on or defaults.on)
    with Fleet(defaults.registry()) as fleet:
        changes = shorthand.written_out(request.changes, fleet.registry)
        request = replace(request, changes=changes)
        commands = [name for name in COMMANDS if name != LAUNCH]
        wanted = target.resolve(request, Catalogue.usual(profiles), more=commands)
        planned = planner.plan(request, wanted, fleet)
        if way.dry_run:
            return _explain(planned, fleet, as_json=way.as_json)
        planner.check_memory(planned.plans)
        if not way.quiet:
            report.print_notes(planned.notes)
        shown = progress(quiet=way.quiet)
        try:
            launcher = Launcher(fleet, shown, wait=way.wait)
            done, failures = launcher.launch_all(planned.plans)
        finally:
            shown.close()
        failures = [*planned.failures, *failures]
        if way.open_it:
            failures += open_all(one.instance for one in done)
        _report(report.document(done, failures), done, failures, as_json=way.as_json)
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


def _name(given: str | None) -> str:
    if given == "":
        raise UsageError("--name '': the name is empty", remedy="use a-z, 0-9 and -")
    return given or ""


def _changes(words: list[str], *, memory: str | None, cpus: float | None) -> dict[str, Any]:
    """Return the keys of the profile that `--set` and the options for some of them change."""
    changes: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not all(key.split(".")):
            raise UsageError(
                f"--set {word}: expected KEY=VALUE", remedy="--set resources.memory=1GiB"
            )
        _put(changes, key, _value(text), said=f"--set {word}")
    for option, value in (("memory", memory), ("cpus", cpus)):
        if value is not None:
            _put(changes, f"resources.{option}", value, said=f"--{option}")
    if memory is not None:
        parse_size(memory)
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
