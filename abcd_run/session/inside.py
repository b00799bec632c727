"""What happens inside an instance: commands, console, screen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abcd_run.backend import record
from abcd_run.concurrency.cancel import call
from abcd_run.errors import AbcdRunError
from abcd_run.host import programs
from abcd_run.launch import awake, screen
from abcd_run.model import Instance
from abcd_run.runtime import Executes, Logs
from abcd_run.session.opened import Opened

if TYPE_CHECKING:
    from abcd_run.session.opened import Which


@dataclass(frozen=True, slots=True)
class Executed:
    """How a command inside an instance ended, and the bytes it printed."""

    status: int
    stdout_bytes: bytes
    stderr_bytes: bytes

    @property
    def stdout(self) -> str:
        """What it printed, as text; invalid UTF-8 is replaced."""
        return self.stdout_bytes.decode(errors="replace")

    @property
    def stderr(self) -> str:
        """What it printed on standard error, as text."""
        return self.stderr_bytes.decode(errors="replace")


def line(
    opened: Opened, instance: Instance, command: Sequence[str], *, user: str | None, tty: bool
) -> list[str]:
    """Return the host command that runs one inside; an empty one means the user's shell.

    Without a `user` it runs as the image's own. Raises `LaunchFailed` if the instance is not
    running.
    """
    runtime = opened.fleet().runtime(instance.runtime)
    if not isinstance(runtime, Executes):
        raise AbcdRunError(
            f"{instance.runtime} cannot run commands in its instances",
            remedy=f"abcd-run show {instance.name}",
        )
    awake.check(instance)
    who = user if user is not None else record.read(instance.labels).account
    return runtime.exec_command(instance, command, user=who, tty=tty)


def execute(
    opened: Opened, which: "Which", on: tuple[str, ...], command: Sequence[str], *, user: str | None
) -> Executed:
    """Run a command inside until it ends, without input."""
    instance = opened.instance(which, on)
    ended = programs.ran(line(opened, instance, command, user=user, tty=False))
    return Executed(ended.returncode, ended.stdout, ended.stderr)


def logs(opened: Opened, instance: Instance, *, follow: bool) -> Iterator[bytes]:
    """Return what an instance printed on its console, in pieces."""
    runtime = opened.fleet().runtime(instance.runtime)
    if not isinstance(runtime, Logs):
        raise AbcdRunError(
            f"{instance.runtime} keeps no logs", remedy=f"abcd-run screenshot {instance.name}"
        )
    return runtime.logs(instance, follow=follow)


def screenshot(opened: Opened, instance: Instance) -> bytes:
    """Return a PNG of an instance's screen. Raises `LaunchFailed`."""
    runtime = opened.fleet().runtime(instance.runtime)
    return call(lambda: screen.picture(runtime, instance))
