"""What backends for virtual machines share: their refusals, and the lines a person would type.

See `vm_seed` for the seed CD, `vm_console` for a machine's output, and `vm_ssh` for commands
inside.
"""

import ipaddress
import shlex
from pathlib import Path

from abcd_run.backend.refusals import refuse_disk
from abcd_run.backend.vm_ssh import prove_keygen
from abcd_run.errors import UsageError
from abcd_run.model import Artifact, Plan


def check(plan: Plan, *, engine: str) -> None:
    """Refuse what no live system can have. Raises `UsageError` or `LaunchFailed`.

    Such a machine has no disk of its own, and its seed CD holds only one-line values.
    """
    refuse_disk(plan, f"{engine} starts live systems, which have no disk of their own")
    _check_address(plan, engine)
    prove_keygen()
    for name, value in plan.env.items():
        if not value.isprintable():
            raise UsageError(
                f"--env {name}: a machine's seed cannot hold line breaks or control characters",
                remedy="put it in a file in a shared folder",
            )


def _check_address(plan: Plan, engine: str) -> None:
    try:
        ipaddress.IPv4Address(plan.address)
    except ValueError:
        raise UsageError(
            f"--address {plan.address}: {engine} forwards only ports of IPv4 addresses",
            remedy="--address 127.0.0.1, or --address 0.0.0.0 for all",
        ) from None


def refuse_shares(plan: Plan, why: str, *, instead: str) -> None:
    """Raise `UsageError` for a plan that shares folders, with the reason `why` it cannot."""
    if plan.home:
        raise UsageError(f"--home: {why}", remedy=f"--no-home, or {instead}")
    if plan.shares:
        raise UsageError(f"--share: {why}", remedy=f"leave it out, or {instead}")


def iso_by_hand(plan: Plan, artifact: Artifact) -> tuple[Path, list[str]]:
    """Return a plan's ISO for someone who types its commands, and the line that makes it first.

    There is no such line if the ISO already exists.
    """
    if artifact.path and artifact.path.exists():
        return artifact.path.absolute(), []
    made = Path.cwd() / f"{plan.variant}.iso"
    line = ["abcd-run", "artifact", plan.variant, "--to", "iso", "--output", str(made)]
    return made, [shlex.join(line)]


def here_document(command: str, content: str) -> list[str]:
    """Return the shell lines that feed CONTENT to a command, whatever lines it contains."""
    lines = content.rstrip("\n").split("\n")
    mark = "ABCD-RUN"
    while mark in lines:
        mark += "-"
    return [f"{command} <<'{mark}'", *lines, mark]
