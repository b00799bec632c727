"""Show a person an instance's desktop or page."""

from abcd_run.backend import record
from abcd_run.errors import AbcdRunError
from abcd_run.host import install, this_host
from abcd_run.launch import awake, endpoints, listener
from abcd_run.model import Endpoint, Instance
from abcd_run.viewing import viewer


def show(instance: Instance) -> None:
    """Show an instance's desktop or page on the user's screen; do nothing without a screen.

    Raises `AbcdRunError` if the instance has nothing to show or has ended, or if the user's screen
    lacks the viewer.
    """
    awake.check(instance)
    endpoint = endpoints.to_open(instance)
    if endpoint is None:
        raise AbcdRunError(
            f"{instance.name} has nothing to show", remedy=f"abcd-run show {instance.name}"
        )
    listener.check(instance, endpoint)
    _check_viewer(instance, endpoint)
    user = record.read(instance.labels).user
    viewer.show(endpoint, user=user, password=instance.password)


def _check_viewer(instance: Instance, endpoint: Endpoint) -> None:
    """Raise `AbcdRunError` if there is a screen to show a viewer on, but no viewer."""
    package = viewer.package(endpoint)
    if not package or not this_host.has_display():
        return
    in_a_tab = f"\nor in the browser: abcd-run open --tab {instance.name}"
    raise AbcdRunError(
        f"{instance.name}: {viewer.hindrance(endpoint)}",
        details=f"its screen is {endpoint.url}",
        remedy=f"{install.line(package)}{in_a_tab if viewer.vnc_socket(instance) else ''}",
    )
