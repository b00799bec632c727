"""The exit status of a command: one rule for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abcd_run.errors import Failure
    from abcd_run.launch.launched import Launched


def status(done: Sequence[Launched], failures: Sequence[Failure]) -> int:
    """Return the exit status: 1 when some failed, the errors' own when all failed alike."""
    codes = {failure.error.status for failure in failures}
    whole = [one for one in done if one.late is None]
    if not codes:
        return 0
    return codes.pop() if len(codes) == 1 and not whole else 1
