"""From a request to instances that are ready."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from abcd_run import artifact
from abcd_run.errors import Failure
from abcd_run.launch.launcher import Launcher
from abcd_run.model import Plan
from abcd_run.plan import image_word, planner, shorthand
from abcd_run.plan.request import Request
from abcd_run.runtime import Explains
from abcd_run.session.opened import Opened
from abcd_run.session.results import Instances


@dataclass(frozen=True, slots=True)
class Plans:
    """What would be launched, and the runtimes on which nothing would be.

    `native` are the shell lines by which a person would do the same, by the plan's name; empty
    where a runtime does not know any.
    """

    plans: tuple[Plan, ...]
    errors: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    native: Mapping[str, str] = field(default_factory=dict[str, str])


def plan(opened: Opened, request: Request) -> Plans:
    """Return the plans of a request; nothing is touched. Raises where there can be none at all."""
    planned = planned_by(opened, request)
    native = {one.name: _native(opened, one) for one in planned.plans}
    return Plans(planned.plans, planned.failures, planned.notes, native)


def planned_by(opened: Opened, request: Request) -> planner.Planned:
    """Return the plans of a request, on the user's own runtimes where it names none."""
    request = replace(request, on=request.on or opened.settings().on)
    fleet = opened.fleet()
    request = replace(request, changes=shorthand.written_out(request.changes, fleet.registry))
    wanted = image_word.resolve(request, opened.catalogue(), more=opened.other_words)
    return planner.plan(request, wanted, fleet)


def _native(opened: Opened, one: Plan) -> str:
    runtime = opened.fleet().runtime(one.runtime)
    return runtime.native(one, artifact.planned(one)) if isinstance(runtime, Explains) else ""


def launch(opened: Opened, request: Request, *, wait: bool) -> Instances:
    """Launch what a request asks for, side by side. Raises where nothing can be planned.

    Raises `Interrupted` when it is cancelled: what was begun has been undone then.
    """
    planned = planned_by(opened, request)
    planner.check_memory(planned.plans)
    teller = opened.teller()
    for note in planned.notes:
        teller.note(note)
    launcher = Launcher(opened.fleet(), teller, wait=wait)
    launched, failures = launcher.launch_all(planned.plans)
    for one in launched:
        opened.begun(one.instance)
    return Instances(tuple(launched), (*planned.failures, *failures), planned.notes)
