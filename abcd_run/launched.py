"""An instance that was started, and how far it has come: what `ps` needs to know of launches."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from abcd_run.errors import NotReady
from abcd_run.model import Instance, Stage
from abcd_run.runtime import Logs, Runtime


@dataclass(frozen=True, slots=True)
class Launched:
    """An instance that was started, and how far it came.

    `ready_seconds` is None if it is not ready, and `late` why it is not although that was awaited.
    """

    instance: Instance
    stage: Stage
    ready_seconds: float | None = None
    late: NotReady | None = None


def measured(runtime: Runtime, instance: Instance) -> Launched:
    """Return an instance with the stage that it is at now."""
    from abcd_run import readiness  # noqa: PLC0415  (`ps` without instances needs no HTTP)

    answer = readiness.look(instance, console=console_of(runtime, instance))
    return Launched(instance, answer.stage)


def console_of(runtime: Runtime, instance: Instance) -> Callable[[], Iterable[bytes]]:
    """Return the question what an instance has printed; nothing where nobody keeps it."""

    def printed() -> Iterable[bytes]:
        return runtime.logs(instance, follow=False) if isinstance(runtime, Logs) else ()

    return printed
