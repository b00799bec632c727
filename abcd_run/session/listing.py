"""List instances with their stages."""

from collections.abc import Iterable
from functools import partial

from abcd_run.concurrency.cancel import awaited
from abcd_run.concurrency.threads import Threads
from abcd_run.launch.launched import Launched, measured
from abcd_run.model import Instance
from abcd_run.plugins.fleet import Fleet
from abcd_run.session.opened import Opened
from abcd_run.session.results import Instances

LOOKS_AT_ONCE = 16


def instances(opened: Opened, on: tuple[str, ...]) -> Instances:
    """Return all instances with their stages, and the runtimes that could not answer."""
    fleet = opened.fleet()
    present, errors = fleet.instances(on)
    return Instances(tuple(stages(present, fleet)), tuple(errors))


def stages(instances: Iterable[Instance], fleet: Fleet) -> list[Launched]:
    """Return instances with their current stages."""

    def look(instance: Instance) -> Launched:
        return measured(fleet.runtime(instance.runtime), instance)

    instances = list(instances)
    with Threads(min(len(instances), LOOKS_AT_ONCE)) as threads:
        looks = [threads.submit(partial(look, instance)) for instance in instances]
        return [awaited(one) for one in looks]
