"""A plan in Podman's words."""

from collections.abc import Container, Sequence
from typing import Any

from abcd_run.backend import container_rights, oci_arguments
from abcd_run.model import Plan


def arguments(
    plan: Plan, *, ports: Sequence[int], limits: Container[str], user: str
) -> dict[str, Any]:
    """Return a plan as keyword arguments of `containers.create`.

    `user` is whom the image's own process runs as; it counts for plans with shares alone.
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
        # keep-id alone would also make the image's init run as that person.
        given["user"] = user
    return given


def options(plan: Plan) -> list[str]:
    """Return the options of `podman run` that Docker does not have alike."""
    return [f"--userns=keep-id:{_same_person(plan)}", "--user=0:0"] if plan.shares else []


def _same_person(plan: Plan) -> str:
    """Return the mapping in which the image's user is the one who launches."""
    return f"uid={plan.uid},gid={plan.uid}"
