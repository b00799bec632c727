"""Commands in a pod, by kubectl: it handles terminals, signals and the end of the input."""

import shlex
from collections.abc import Sequence

from abcd_run.backend import record
from abcd_run.backend.at_home import at_home
from abcd_run.backend.oci_engine import SHELL
from abcd_run.errors import UsageError
from abcd_run.model import Instance, RootHeld
from abcd_run_kubernetes.kubeconfig import Place
from abcd_run_kubernetes.names import CONTAINER


def line(
    place: Place, instance: Instance, command: Sequence[str], *, user: str, tty: bool
) -> list[str]:
    """Return the line that runs a command; without one, a shell. Raises `UsageError`.

    A pod has one user, and nothing inside can become another; only where that is root, it can.
    """
    words = [*kubectl(place), "exec", "--stdin"]
    if tty:
        words += ["--tty"]
    inside = list(at_home(instance, command, user=user) or SHELL)
    if may_be_another(instance):
        inside = _as(user, inside)
    elif user and user != record.read(instance.labels).account:
        raise UsageError(
            f"--user {user}: {instance.name} has one user, and no way to become another",
            remedy="leave --user out",
        )
    return [*words, instance.runtime_id, "--container", CONTAINER, "--", *inside]


def may_be_another(instance: Instance) -> bool:
    """Say whether commands can run as another user than the image's: only root's pods can."""
    return instance.root is RootHeld.UNKNOWN


def kubectl(place: Place) -> list[str]:
    """Return how to call kubectl for a place: with its own configuration, which it finds itself."""
    return ["kubectl", "--context", place.context, "--namespace", place.namespace]


def _as(user: str, command: list[str]) -> list[str]:
    """Return the command that root inside runs for a user."""
    if not user or user == "root":
        return command
    return ["su", "-s", "/bin/sh", "-c", f"exec {shlex.join(command)}", user]
