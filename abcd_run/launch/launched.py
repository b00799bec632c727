"""An instance that was started, and how far it has come: what `ps` needs to know of launches."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from abcd_run.backend import record
from abcd_run.errors import NotReady, UsageError
from abcd_run.launch import endpoints
from abcd_run.model import Endpoint, Instance, Stage
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

    @property
    def name(self) -> str:
        """The name by which every command knows it."""
        return self.instance.name

    @property
    def runtime(self) -> str:
        """The runtime that it is on."""
        return self.instance.runtime

    @property
    def image(self) -> str:
        """The image that it was launched from."""
        return record.read(self.instance.labels).image

    @property
    def user(self) -> str:
        """Whom its endpoints want."""
        return record.read(self.instance.labels).user

    @property
    def password(self) -> str:
        """The password that its endpoints want."""
        return self.instance.password

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """How it can be reached now, its screens last."""
        return endpoints.endpoints(self.instance)

    def url(self, service: str = "") -> str:
        """Return the address of a service; without a name of what a person wants to see.

        Raises `UsageError` when there is none.
        """
        shown = endpoints.to_open(self.instance)
        known = {one.service: one.url for one in self.endpoints}
        if service in known:
            return known[service]
        if not service and shown:
            return shown.url
        what = f"endpoint {service!r}" if service else "endpoint to look at"
        raise UsageError(
            f"{self.name} has no {what}",
            details=f"its endpoints: {', '.join(known) or 'none'}",
            remedy=f"abcd-run show {self.name}",
        )


def measured(runtime: Runtime, instance: Instance) -> Launched:
    """Return an instance with the stage that it is at now."""
    from abcd_run.launch import readiness  # noqa: PLC0415  (`ps` without instances needs no HTTP)

    answer = readiness.look(instance, console=console_of(runtime, instance))
    return Launched(instance, answer.stage)


def console_of(runtime: Runtime, instance: Instance) -> Callable[[], Iterable[bytes]]:
    """Return the question what an instance has printed; nothing where nobody keeps it."""

    def printed() -> Iterable[bytes]:
        return runtime.logs(instance, follow=False) if isinstance(runtime, Logs) else ()

    return printed
