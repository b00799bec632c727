"""`abcd-run IMAGE`: launch it."""

from typing import TYPE_CHECKING, NamedTuple

from abcd_run.commands import options
from abcd_run.commands.display import Display
from abcd_run.commands.group import COMMANDS, LAUNCH
from abcd_run.commands.listing import open_all
from abcd_run.errors import Failure
from abcd_run.launch.launched import Launched
from abcd_run.plan.request import Wanted
from abcd_run.report import exit_status, for_people, for_scripts
from abcd_run.session import Plans, Session

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents

OTHERS = [name for name in COMMANDS if name != LAUNCH]
"""What an image's mistyped name may have meant instead."""


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
    home: options.Home = None,
    no_home: options.NoHome = False,
    keyboard: options.Keyboard = None,
    locale: options.Locale = None,
    env: options.Env = None,
    password_file: options.PasswordFile = None,
    timeout: options.Timeout = None,
    wait: options.Wait = True,
    open_it: options.Open = False,
    pull: options.Pull = "missing",
    profiles: options.Profiles = None,
    changes: options.Changes = None,
    rootful: options.Rootful = False,
    plain_http: options.PlainHttp = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Launch IMAGE, and print how to reach it.

    \b
    abcd-run abcd4demo
    abcd-run --on podman,docker --count 3 abcd4demo
    abcd-run --home --share ~/work --memory 1GiB abcd4demo
    abcd-run ./image.oci.tar -- sh -c 'echo hello'
    """
    wanted: Wanted = {
        "on": options.split(on), "count": count, "name": name, "memory": memory, "cpus": cpus,
        "address": address, "publish": publish or (), "shares": share or (), "keyboard": keyboard,
        "locale": locale, "env": env or (), "set": changes or (), "password_file": password_file,
        "command": command or (), "home": not no_home and home, "pull": pull, "timeout": timeout,
        "rootful": rootful, "plain_http": plain_http,
    }  # fmt: skip
    way, shown = Way(wait=wait, open_it=open_it, as_json=as_json), Display(quiet=quiet)
    with Session(progress=shown, profiles=profiles, other_words=OTHERS) as lab:
        if dry_run:
            return _explain(lab.plan(image, **wanted), as_json=as_json)
        return _launch(lab, image, wanted, shown, way)


class Way(NamedTuple):
    """What to do about a launch, and how to report it."""

    wait: bool
    open_it: bool
    as_json: bool


def _launch(lab: Session, image: str, wanted: Wanted, shown: Display, way: Way) -> int:
    with shown:
        launched = lab.launch(image, wait=way.wait, check=False, **wanted)
    failures = list(launched.errors)
    if way.open_it:
        failures += open_all(lab, [one.instance for one in launched])
    _report(list(launched), failures, as_json=way.as_json)
    return exit_status.of_launched(launched, failures)


def _report(launched: list[Launched], failures: list[Failure], *, as_json: bool) -> None:
    if as_json:
        for_scripts.print_json(for_scripts.document(launched, failures))
    else:
        for one in launched:
            for_people.print_launched(one)
    for failure in failures:
        for_people.print_error(failure.error, name=failure.name or failure.runtime)


def _explain(planned: Plans, *, as_json: bool) -> int:
    for_people.print_notes(planned.notes)
    if as_json:
        plans = [for_scripts.plan(one, planned.native[one.name]) for one in planned.plans]
        document: documents.Plans = {
            "plans": plans, "errors": for_scripts.errors(planned.errors),
        }  # fmt: skip
        for_scripts.print_json(document)
    else:
        for one in planned.plans:
            for_people.print_plan(one, planned.native[one.name])
    for failure in planned.errors:
        for_people.print_error(failure.error, name=failure.runtime)
    return exit_status.status(planned.errors)
