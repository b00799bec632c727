"""Start what has ended, restart what runs, and have it stand still and go on."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from abcd_run.backend import record
from abcd_run.concurrency.cancel import current
from abcd_run.errors import AbcdRunError, Failure, Interrupted, LaunchFailed
from abcd_run.launch import awake
from abcd_run.launch.launched import Launched
from abcd_run.launch.launcher import Launcher, enough
from abcd_run.model import SUSPENDED, Instance, Stage
from abcd_run.runtime import Restarts, Suspends
from abcd_run.session import homes
from abcd_run.session.lifecycle import chosen, each
from abcd_run.session.opened import Opened
from abcd_run.session.results import Instances

if TYPE_CHECKING:
    from abcd_run.session.opened import Which

DOING = {"suspend": "suspending", "resume": "resuming"}
Act = Callable[[Opened, Instance], Instance]


def start(opened: Opened, which: Sequence["Which"], on: tuple[str, ...]) -> Instances:
    """Start instances that have ended, with what their runtimes kept of them, and wait for them."""
    return _ready_again(opened, chosen(opened, which, on, doing="start"), _start)


def restart(opened: Opened, which: Sequence["Which"], on: tuple[str, ...]) -> Instances:
    """Restart instances, and wait for them."""
    return _ready_again(opened, chosen(opened, which, on, doing="restart"), _restart)


def resume(opened: Opened, which: Sequence["Which"], on: tuple[str, ...]) -> Instances:
    """Have suspended instances go on, and wait for them."""
    return _ready_again(opened, chosen(opened, which, on, doing="resume"), _resume)


def suspend(opened: Opened, which: Sequence["Which"], on: tuple[str, ...]) -> Instances:
    """Have instances stand still."""
    meant, problems = chosen(opened, which, on, doing="suspend")

    def one(instance: Instance) -> Launched:
        return Launched(_suspend(opened, instance), Stage.RUNNING)

    done, failures = each(opened, meant, one)
    return Instances(tuple(done), (*problems, *failures))


def _ready_again(
    opened: Opened, which: tuple[list[Instance], list[Failure]], act: Act
) -> Instances:
    meant, problems = which
    launcher = Launcher(opened.fleet(), opened.teller())

    def one(instance: Instance) -> Launched:
        instance = act(opened, instance)
        runtime = opened.fleet().runtime(instance.runtime)
        return launcher.await_ready(instance, runtime, enough=enough(instance))

    done, failures = each(opened, meant, one)
    if current().is_set():
        raise Interrupted("interrupted: the instances were left as they are")
    late = [Failure(one.late, one.runtime, one.name) for one in done if one.late]
    return Instances(tuple(done), (*problems, *failures, *late))


def _start(opened: Opened, instance: Instance) -> Instance:
    if instance.running:
        return instance
    if not instance.began:
        raise LaunchFailed(
            f"{instance.name} never ran: its launch did not get that far",
            remedy="abcd-run prune, then launch it again",
        )
    opened.teller().say(instance.name, "starting")
    fleet = opened.fleet()
    with homes.claimed(record.read(instance.labels).home, fleet):
        return fleet.runtime(instance.runtime).start(instance.runtime_id)


def _restart(opened: Opened, instance: Instance) -> Instance:
    if not instance.running:
        return _start(opened, instance)
    runtime = opened.fleet().runtime(instance.runtime)
    if not isinstance(runtime, Restarts):
        raise _unable(instance, "restart", f"abcd-run stop {instance.name}, then launch it again")
    instance = _resume(opened, instance) if instance.state == SUSPENDED else instance
    opened.teller().say(instance.name, "restarting")
    return runtime.restart(instance.runtime_id)


def _suspend(opened: Opened, instance: Instance) -> Instance:
    return _turned(opened, instance, "suspend", lambda runtime: runtime.suspend)


def _resume(opened: Opened, instance: Instance) -> Instance:
    return _turned(opened, instance, "resume", lambda runtime: runtime.resume)


def _turned(
    opened: Opened,
    instance: Instance,
    doing: str,
    method: Callable[[Suspends], Callable[[str], None]],
) -> Instance:
    runtime = opened.fleet().runtime(instance.runtime)
    if not isinstance(runtime, Suspends):
        raise _unable(instance, doing, f"abcd-run stop {instance.name}")
    if instance.state != SUSPENDED:
        awake.check(instance)
    opened.teller().say(instance.name, DOING[doing])
    method(runtime)(instance.runtime_id)
    return next(iter(runtime.instances(instance.runtime_id)), instance)


def _unable(instance: Instance, doing: str, remedy: str) -> AbcdRunError:
    return AbcdRunError(f"{instance.runtime} cannot {doing} its instances", remedy=remedy)
