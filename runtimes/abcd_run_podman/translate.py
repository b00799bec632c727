"""Translate a plan into Podman's arguments."""

from collections.abc import Container, Sequence
from typing import Any

from abcd_run.backend import container_rights, oci_arguments
from abcd_run.model import Plan


def arguments(
    plan: Plan, *, ports: Sequence[int], limits: Container[str], user: str
) -> dict[str, Any]:
    """Return a plan as keyword arguments of `containers.create`.

    `user` is the user that the image's own process runs as; only plans with shares use it.
    """
    given = oci_arguments.arguments(plan, ports=ports, limits=limits)
    given["no_new_privileges"] = not container_rights.gains_rights(plan.options)
    given["mounts"] = [
        {
            "type": "bind",
            "source": str(share.source),
            "target": share.target,
            "read_only": share.read_only,
        }
        for share in plan.shares
    ]
    if plan.shares:
        given["userns_mode"] = {"nsmode": "keep-id", "value": _same_person(plan)}
        # keep-id alone would also run the image's init as that user.
        given["user"] = user
    return given


def options(plan: Plan) -> list[str]:
    """Return the options of `podman run` that differ from Docker's."""
    return [f"--userns=keep-id:{_same_person(plan)}", "--user=0:0"] if plan.shares else []


def _same_person(plan: Plan) -> str:
    """Return the mapping that makes the launching user the image's user."""
    return f"uid={plan.uid},gid={plan.uid}"
