"""What a machine in a tab cannot have, refused before anything is made."""

import socket

from abcd_run.backend.refusals import not_listening, refuse_disk
from abcd_run.backend.vm import refuse_shares
from abcd_run.errors import UsageError
from abcd_run.model import Plan


def check(plan: Plan) -> None:
    """Raise `UsageError`, or `LaunchFailed` for an address that is not this host's."""
    refuse_disk(plan, "a page keeps its machine in the tab's memory")
    refuse_shares(
        plan,
        "a page has no folders of this host",
        instead="give files to the page and take them from it there",
    )
    if (plan.resources.cpus or 1) > 1:
        raise UsageError("--cpus: the machine in a page has one processor", remedy="leave it out")
    if len(plan.ports) > 1:
        raise UsageError(
            "--publish: a page has one port, its own",
            remedy="publish one service: its port is the page's",
        )
    _check_environment(plan)
    _check_address(plan.address)


def _check_environment(plan: Plan) -> None:
    for name, value in plan.env.items():
        if not value.isprintable():
            raise UsageError(
                f"--env {name}: a machine's seed holds no line breaks or control characters",
                remedy="give the page a file",
            )


def _check_address(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, 0), family=family).close()
    except OSError as error:
        raise not_listening(address, 0, engine="browser", details=str(error)) from error
