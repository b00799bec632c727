"""A started instance and the stage it has reached: what `ps` needs to know about launches."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from abcd_run.backend import record
from abcd_run.errors import NotReady, UsageError
from abcd_run.launch import endpoints
from abcd_run.model import Endpoint, Instance, Stage
from abcd_run.runtime import Logs, Runtime


@dataclass(frozen=True, slots=True)
class Launched:
    """A started instance and the stage it has reached.

    `ready_seconds` is None unless it became ready; `late` says why it did not, if we waited for it.
    """

    instance: Instance
    stage: Stage
    ready_seconds: float | None = None
    late: NotReady | None = None

    @property
    def name(self) -> str:
        """The name by which every command knows it."""
        return self.instance.name

    @property
    def runtime(self) -> str:
        """The runtime that it runs on."""
        return self.instance.runtime

    @property
    def image(self) -> str:
        """The image that it was launched from."""
        return record.read(self.instance.labels).image

    @property
    def user(self) -> str:
        """The user name that its endpoints expect."""
        return record.read(self.instance.labels).user

    @property
    def password(self) -> str:
        """The password that its endpoints expect."""
        return self.instance.password

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """How to reach it now, screens last."""
        return endpoints.endpoints(self.instance)

    def url(self, service: str = "") -> str:
        """Return the address of a service, or without a name, of the one to show a person.

        Raises `UsageError` if there is none.
        """
        shown = endpoints.to_open(self.instance)
        known = {one.service: one.url for one in self.endpoints}
        if service in known:
            return known[service]
        if not service and shown:
            return shown.url
        what = f"endpoint {service!r}" if service else "endpoint to show"
        raise UsageError(
            f"{self.name} has no {what}",
            details=f"its endpoints: {', '.join(known) or 'none'}",
            remedy=f"abcd-run show {self.name}",
        )


def measured(runtime: Runtime, instance: Instance) -> Launched:
    """Return an instance with its current stage."""
    from abcd_run.launch import readiness  # noqa: PLC0415  (`ps` without instances needs no HTTP)

    answer = readiness.look(instance, console=console_of(runtime, instance))
    return Launched(instance, answer.stage)


def console_of(runtime: Runtime, instance: Instance) -> Callable[[], Iterable[bytes]]:
    """Return a function that reads an instance's output; it yields nothing if none is kept."""

    def printed() -> Iterable[bytes]:
        return runtime.logs(instance, follow=False) if isinstance(runtime, Logs) else ()

    return printed
