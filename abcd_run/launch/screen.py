"""What a person would see of an instance now, on every runtime.

Virtual machines have a screen that their runtime photographs. A container has none that its engine
knows: an image with a desktop says in its profile which command inside prints a picture of it.
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
    """Say whether there can be a picture of an instance."""
    return isinstance(runtime, Screenshots) or _command(runtime, instance) != ()


def picture(runtime: Runtime, instance: Instance) -> bytes:
    """Return a PNG of what its screen shows now. Raises `LaunchFailed`."""
    if isinstance(runtime, Screenshots):
        return _checked(runtime.screenshot(instance), instance)
    if not _command(runtime, instance):
        raise LaunchFailed(
            f"{instance.name} has no screen",
            details=f"{instance.runtime} knows of none, and its profile names no screen.command",
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


def _checked(picture: bytes, instance: Instance, *, why: str = "it is no PNG") -> bytes:
    """Return what must be a picture, whoever took it."""
    if len(picture) > limits.PICTURE_BYTES:
        raise _no_picture(instance, f"more than {format_size(limits.PICTURE_BYTES)}")
    if not picture.startswith(PNG):
        raise _no_picture(instance, why)
    return picture


def _no_picture(instance: Instance, why: str) -> LaunchFailed:
    return LaunchFailed(
        f"{instance.name} gave no picture of its screen",
        details=why,
        remedy=f"abcd-run logs {instance.name}",
    )
