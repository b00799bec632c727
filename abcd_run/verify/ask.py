"""Ask an instance: run a command inside, and take its output as text that is safe to show."""

from collections.abc import Sequence
from dataclasses import dataclass

from abcd_run.concurrency.cancel import call
from abcd_run.errors import LaunchFailed
from abcd_run.host.bounded_output import Printed, TooMuch, printed
from abcd_run.model import Instance
from abcd_run.runtime import Executes, Runtime
from abcd_run.visible import visible

LINES, LONGEST = 400_000, 500
"""How many lines of an answer are read, and how many characters of each."""

COMPLAINT = 200
"""How many characters of what a failed command complains about are kept."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command inside printed, line by line without control characters, and its status."""

    status: int
    lines: tuple[str, ...]
    complaint: str = ""


def ask(
    runtime: Runtime,
    instance: Instance,
    command: Sequence[str],
    *,
    about: str,
    user: str,
    seconds: float,
    most: int,
) -> Said:
    """Run a command inside as a user, and return up to `most` bytes of what it prints.

    `about` is what it asks about, for errors. Raises `LaunchFailed` if it takes longer than
    `seconds` or prints more, or as the runtime does.
    """
    assert isinstance(runtime, Executes)

    def run() -> Printed:
        line = runtime.exec_command(instance, command, user=user, tty=False)
        return printed(line, seconds=seconds, most=most)

    try:
        ended = call(run)
    except TimeoutError as error:
        raise _failed(instance, about, f"no answer within {seconds:g} s") from error
    except TooMuch as error:
        raise _failed(instance, about, f"it printed {error}") from error
    return said(ended)


def said(ended: Printed) -> Said:
    """Return output as lines that a terminal shows without obeying them."""
    complaint = "; ".join(safe_lines(ended.err))[:COMPLAINT]
    return Said(ended.status, tuple(safe_lines(ended.out)), complaint)


def safe_lines(output: bytes) -> list[str]:
    """Return the lines of an output; nothing is lost in them but what is too long."""
    text = output.decode(errors="backslashreplace").rstrip("\n")
    lines = text.split("\n", LINES)[:LINES] if text else []
    return [shown(line) for line in lines]


def shown(line: str) -> str:
    """Return an untrusted line with its control characters visible, escapes included."""
    line = line[:LONGEST]
    return line if line.isprintable() else visible(line.replace("\x1b", "\\x1b"))


def _failed(instance: Instance, about: str, why: str) -> LaunchFailed:
    return LaunchFailed(
        f"cannot ask {instance.name} about {about}",
        details=why,
        remedy="abcd-run verify --keep, then look inside: abcd-run shell NAME",
    )
