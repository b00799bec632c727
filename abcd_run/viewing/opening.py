"""Show a person an instance's desktop or page."""

from abcd_run.backend import record
from abcd_run.errors import AbcdRunError
from abcd_run.launch import awake, endpoints, listener
from abcd_run.model import Instance
from abcd_run.viewing import viewer


def show(instance: Instance) -> None:
    """Show an instance's desktop or page on the user's screen; do nothing without a screen.

    Raises `AbcdRunError` if the instance has nothing to show, or has ended.
    """
    awake.check(instance)
    endpoint = endpoints.to_open(instance)
    if endpoint is None:
        raise AbcdRunError(
            f"{instance.name} has nothing to show", remedy=f"abcd-run show {instance.name}"
        )
    listener.check(instance, endpoint)
    user = record.read(instance.labels).user
    viewer.show(endpoint, user=user, password=instance.password)
