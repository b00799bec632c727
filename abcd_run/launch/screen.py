"""A picture of an instance's screen, on every runtime.

A virtual machine has a screen that its runtime captures. A container has none that its engine knows
of: the profile of a desktop image names a command that prints a picture from inside.
"""

from abcd_run import limits
from abcd_run.backend import record
from abcd_run.errors import LaunchFailed
from abcd_run.host.bounded_output import TooMuch, printed
from abcd_run.model import Instance
from abcd_run.runtime import Executes, Runtime, Screenshots
from abcd_run.units import format_size

PNG = b"\x89PNG\r\n\x1a\n"
SECONDS = 30


def has_screen(runtime: Runtime, instance: Instance) -> bool:
    """Say whether an instance has a screen to capture."""
    return isinstance(runtime, Screenshots) or _command(runtime, instance) != ()


def picture(runtime: Runtime, instance: Instance) -> bytes:
    """Return a PNG of what the screen shows now. Raises `LaunchFailed`."""
    if isinstance(runtime, Screenshots):
        return _checked(runtime.screenshot(instance), instance)
    if not _command(runtime, instance):
        raise LaunchFailed(
            f"{instance.name} has no screen",
            details=f"{instance.runtime} has none, and the profile sets no screen.command",
            remedy=f"abcd-run open {instance.name}",
        )
    return _printed(runtime, instance)


def _command(runtime: Runtime, instance: Instance) -> tuple[str, ...]:
    return record.read(instance.labels).screen if isinstance(runtime, Executes) else ()


def _printed(runtime: Runtime, instance: Instance) -> bytes:
    assert isinstance(runtime, Executes)
    known = record.read(instance.labels)
    line = runtime.exec_command(instance, known.screen, user=known.account, tty=False)
    try:
        ended = printed(line, seconds=SECONDS, most=limits.PICTURE_BYTES)
    except TimeoutError as error:
        raise _no_picture(instance, f"no picture within {SECONDS:g} s") from error
    except TooMuch as error:
        raise _no_picture(instance, f"its command printed {error}") from error
    if ended.status:
        raise _no_picture(instance, _text(ended.err))
    return _checked(ended.out, instance, why=_text(ended.err))


def _text(complaint: bytes) -> str:
    return complaint.decode(errors="replace").strip()


def _checked(picture: bytes, instance: Instance, *, why: str = "it is not a PNG") -> bytes:
    """Return the picture if it is a PNG of acceptable size."""
    if len(picture) > limits.PICTURE_BYTES:
        raise _no_picture(instance, f"more than {format_size(limits.PICTURE_BYTES)}")
    if not picture.startswith(PNG):
        raise _no_picture(instance, why)
    return picture


def _no_picture(instance: Instance, why: str) -> LaunchFailed:
    return LaunchFailed(
        f"cannot take a picture of {instance.name}'s screen",
        details=why,
        remedy=f"abcd-run logs {instance.name}",
    )
