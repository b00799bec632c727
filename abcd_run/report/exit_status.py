"""The exit status of a command: one rule for all commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abcd_run.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from abcd_run.errors import Failure
    from abcd_run.launch.launched import Launched
    from abcd_run.verify.values import Verified

NOT_RUN = 125
"""The exit status of `exec` and `shell` when they fail themselves, as podman's and docker's.

Any other status is that of the command inside, which may be one of ours too.
"""


def status(failures: Iterable[Failure], *, partly: bool = False, named: bool = True) -> int:
    """Return 0 without failures, the errors' own status if all failed alike, else 1.

    `partly` says that something else succeeded; `named` that the user named whatever failed,
    rather than asking for everything. An interrupt overrides both.
    """
    statuses = {failure.error.status for failure in failures}
    if not statuses or Interrupted.status in statuses:
        return Interrupted.status if statuses else 0
    return statuses.pop() if len(statuses) == 1 and named and not partly else 1


def of_launched(launched: Iterable[Launched], failures: Sequence[Failure]) -> int:
    """Return the exit status when instances should be ready; a late one is a failure."""
    return status(failures, partly=any(one.late is None for one in launched))


def of_verified(done: Verified) -> int:
    """Return the exit status of a comparison: 1 if something differs or failed."""
    return 0 if done.equal else status(done.errors, partly=True) or 1
