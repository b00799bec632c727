"""`verify`: say whether an image keeps its promise to be the same everywhere."""

from typing import TYPE_CHECKING

from abcd_run.commands import options
from abcd_run.commands.display import Display
from abcd_run.commands.group import COMMANDS, LAUNCH
from abcd_run.report import exit_status, for_people, for_scripts
from abcd_run.session import Session

if TYPE_CHECKING:
    from abcd_run.plan.request import Wanted


def verify(
    *,
    image: options.Image,
    on: options.Each = None,
    keep: options.Keep = False,
    pictures: options.Pictures = None,
    memory: options.Memory = None,
    timeout: options.Timeout = None,
    pull: options.Pull = "missing",
    profiles: options.Profiles = None,
    changes: options.Changes = None,
    rootful: options.Rootful = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Launch IMAGE on each runtime, and compare what is inside.

    Exits with 1 if something differs that must not. What was launched is ended.

    \b
    abcd-run verify abcd4demo
    abcd-run verify --on podman,libvirt --keep abcd4demo
    abcd-run verify --pictures ./pictures abcd4demo-desktop
    """
    # `verify --help` imports this module, and needs none of it.
    from abcd_run.report import verified as report  # noqa: PLC0415

    wanted: Wanted = {
        "on": options.split(on), "memory": memory, "timeout": timeout, "pull": pull,
        "set": changes or (), "rootful": rootful,
    }  # fmt: skip
    others = [name for name in COMMANDS if name != LAUNCH]
    shown = Display(quiet=quiet)
    with shown, Session(progress=shown, profiles=profiles, other_words=others) as lab:
        done = lab.verify(image, keep=keep, pictures=pictures, **wanted)
    if as_json:
        for_scripts.print_json(report.document(done))
    else:
        report.show(done)
    for failure in done.errors:
        for_people.print_error(failure.error, name=failure.name or failure.runtime)
    return exit_status.of_verified(done)
