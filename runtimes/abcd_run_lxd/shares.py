"""Ownership of shared folders: the image's user inside is the launching user outside."""

import os
from dataclasses import dataclass
from pathlib import Path

from abcd_run.errors import LaunchFailed
from abcd_run.model import Plan

SUBUID, SUBGID = Path("/etc/subuid"), Path("/etc/subgid")


@dataclass(frozen=True, slots=True)
class Ownership:
    """How an instance's users are mapped for its shares: by its own map or by the mounts."""

    idmap: str = ""
    shift: bool = False


def ownership(plan: Plan, *, may_map: bool, asks_subids: bool, kernel_shifts: bool) -> Ownership:
    """Return how the launching user becomes the image's user inside.

    LXD maps one more user into the instance; if newuidmap checks this, /etc/subuid must allow it.
    With shifted mounts, a file's owner has the same number on both sides. In a project that forbids
    mapping, the project's profile maps the user, with the same number on both sides.
    Raises `LaunchFailed`.
    """
    if not plan.shares:
        return Ownership()
    uid, gid = os.getuid(), os.getgid()
    if not may_map:
        if uid == gid == plan.uid:
            return Ownership()
        raise LaunchFailed(
            "lxd does not allow this user to map to another one inside",
            details=f"inside, shared folders must belong to uid {plan.uid}, not {uid}",
            remedy="ask the administrator for restricted.containers.lowlevel=allow; or --on podman",
        )
    if not asks_subids or (_lent(SUBUID, uid) and _lent(SUBGID, gid)):
        return Ownership(idmap=f"uid {uid} {plan.uid}\ngid {gid} {plan.uid}")
    if kernel_shifts and uid == gid == plan.uid:
        return Ownership(shift=True)
    raise LaunchFailed(
        "lxd may not share your folders yet",
        details=f"inside they must belong to uid {plan.uid}, so LXD must map your uid to it",
        remedy=f"echo root:{uid}:1 | sudo tee -a {SUBUID}; echo root:{gid}:1 | sudo tee -a {SUBGID}"
        ", once and for all; or --on podman",
    )


def _lent(file: Path, number: int) -> bool:
    """Say whether a file lets root, as which LXD runs, map a user's number."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return False
    return any(_covers(line.split(":"), number) for line in lines)


def _covers(words: list[str], number: int) -> bool:
    match words:
        case ["root" | "0", first, count] if first.isdigit() and count.strip().isdigit():
            return int(first) <= number < int(first) + int(count)
        case _:
            return False
