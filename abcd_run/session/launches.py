"""Turn a request into ready instances."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from abcd_run import artifact
from abcd_run.errors import Failure
from abcd_run.launch.launcher import Launcher
from abcd_run.model import Plan
from abcd_run.plan import image_word, planner, shorthand
from abcd_run.plan.request import Request
from abcd_run.runtime import Explains
from abcd_run.session import homes
from abcd_run.session.opened import Opened
from abcd_run.session.results import Instances


@dataclass(frozen=True, slots=True)
class Plans:
    """What would be launched, and the runtimes on which nothing would be.

    `native` maps each plan's name to the shell lines that a person would type; empty if the runtime
    knows none.
    """

    plans: tuple[Plan, ...]
    errors: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    native: Mapping[str, str] = field(default_factory=dict[str, str])


def plan(opened: Opened, request: Request) -> Plans:
    """Return the plans of a request; touches nothing. Raises if there is no plan at all."""
    planned = planned_by(opened, request)
    native = {one.name: _native(opened, one) for one in planned.plans}
    return Plans(planned.plans, planned.failures, (*planned.notes, *planned.of_host), native)


def planned_by(opened: Opened, request: Request) -> planner.Planned:
    """Return the plans of a request, on the user's preferred runtimes if it names none."""
    request = replace(request, on=request.on or opened.settings().on)
    fleet = opened.fleet()
    request = replace(request, changes=shorthand.written_out(request.changes, fleet.registry))
    say = partial(opened.teller().say, request.image)
    wanted = image_word.resolve(request, opened.catalogue(), more=opened.other_words, say=say)
    return planner.plan(request, wanted, fleet, usual_home=opened.settings().home)


def _native(opened: Opened, one: Plan) -> str:
    runtime = opened.fleet().runtime(one.runtime)
    return runtime.native(one, artifact.planned(one)) if isinstance(runtime, Explains) else ""


def launch(opened: Opened, request: Request, *, wait: bool) -> Instances:
    """Launch what a request asks for, in parallel. Raises if nothing can be planned.

    Raises `Interrupted` when cancelled, after undoing what was started.
    """
    planned = planned_by(opened, request)
    backend = opened.fleet().backend
    planner.check_memory(one for one in planned.plans if not backend(one.runtime).elsewhere)
    teller = opened.teller()
    for note in planned.notes:
        teller.note(note)
    for note in planned.of_host:
        teller.note(note, of_host=True)
    launcher = Launcher(opened.fleet(), teller, wait=wait)
    with homes.reserved(planned.plans, opened.fleet()):
        launched, failures = launcher.launch_all(planned.plans)
    for one in launched:
        opened.begun(one.instance)
    return Instances(
        tuple(launched), (*planned.failures, *failures), (*planned.notes, *planned.of_host)
    )
