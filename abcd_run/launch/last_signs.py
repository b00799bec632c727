"""What is known of an instance that is late or has ended: its state and its last output."""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress

from abcd_run import limits
from abcd_run.errors import AbcdRunError, LaunchFailed, NotReady
from abcd_run.host import xdg
from abcd_run.launch import screen
from abcd_run.launch.launched import console_of
from abcd_run.model import Instance, Stage
from abcd_run.runtime import Runtime

LAST_LINES = 10
"""How much of the console to show for an instance that ended or is late."""


def not_ready(instance: Instance, stage: Stage, timeout: float, signs: Sequence[str]) -> NotReady:
    """Return the error for an instance that is still starting at the timeout."""
    return NotReady(
        f"{instance.name} is not ready after {timeout:g} s; its last stage is {stage}",
        details="\n".join([*filter(None, signs), "it was left running"]),
        remedy=f"abcd-run wait {instance.name}, or abcd-run logs {instance.name}",
    )


def runs(instance: Instance, runtime: Runtime) -> bool:
    """Say whether an instance still runs: nothing can be proved about one that has ended."""
    matches = runtime.instances(only=instance.runtime_id, detail=False)
    return bool(matches) and matches[0].running


def check_running(instance: Instance, runtime: Runtime) -> None:
    """Raise `LaunchFailed` with an instance's last output if it has ended."""
    matches = runtime.instances(only=instance.runtime_id, detail=False)
    if matches and matches[0].running:
        return
    state = matches[0].state if matches else "gone"
    raise LaunchFailed(
        f"{instance.name} ended by itself ({state})",
        details="\n".join(_last_lines(runtime, instance)),
        remedy="check its last output above; abcd-run --dry-run shows how it was started",
    )


def of_late(runtime: Runtime, instance: Instance) -> list[str]:
    """Return what a person would check on a late instance: its console and its screen."""
    signs = _last_lines(runtime, instance)
    if screen.has_screen(runtime, instance):
        path = xdg.cache() / "screenshots" / f"{instance.name}.png"
        with suppress(AbcdRunError, OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(screen.picture(runtime, instance))
            signs.append(f"its screen: {path}")
    return signs


def _last_lines(runtime: Runtime, instance: Instance) -> list[str]:
    """Return the end of its output, or nothing if the runtime no longer has it."""
    try:
        printed = _end(console_of(runtime, instance)())
    except AbcdRunError:
        return []
    lines = (line.rstrip() for line in printed.decode(errors="replace").splitlines())
    return [line for line in lines if line][-LAST_LINES:]


def _end(pieces: Iterable[bytes]) -> bytes:
    """Return the tail of many pieces, joined."""
    kept, size = deque[bytes](), 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        while size - len(kept[0]) > limits.TEXT_BYTES:
            size -= len(kept.popleft())
    return b"".join(kept)[-limits.TEXT_BYTES :]
