"""Whether an instance can be asked anything: it runs, and does not stand still."""

from abcd_run.errors import LaunchFailed
from abcd_run.model import SUSPENDED, Instance


def check(instance: Instance) -> None:
    """Raise `LaunchFailed`, with the way back, for an instance that has ended or is suspended."""
    name = instance.name
    if not instance.running:
        again = f"abcd-run start {name}" if instance.began else "abcd-run prune"
        raise LaunchFailed(
            f"{name} is not running: {instance.state}",
            remedy=f"{again}; what it said last: abcd-run logs {name}",
        )
    if instance.state == SUSPENDED:
        raise LaunchFailed(f"{name} is suspended", remedy=f"abcd-run resume {name}")
