"""The contract suite: what every runtime must do, tested through the installed command.

A subclass names its runtime. If the runtime is not usable here, CI fails, and elsewhere the suite
is skipped with the reason.
"""

import pytest

PARTS = (
    "basis", "launching", "looking", "following", "naming", "owning", "honouring", "ending",
    "enduring", "planning", "evidence",
)  # fmt: skip
# So that failed assertions show their values: pytest does this only for test files.
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in PARTS))

from abcd_run.testing.contract.basis import Document  # noqa: E402
from abcd_run.testing.contract.ending import Ending  # noqa: E402
from abcd_run.testing.contract.enduring import Enduring  # noqa: E402
from abcd_run.testing.contract.honouring import Honouring  # noqa: E402
from abcd_run.testing.contract.launching import Launching  # noqa: E402
from abcd_run.testing.contract.looking import Looking  # noqa: E402
from abcd_run.testing.contract.naming import Naming  # noqa: E402
from abcd_run.testing.contract.owning import Owning  # noqa: E402
from abcd_run.testing.contract.planning import Planning  # noqa: E402


class RuntimeContract(Launching, Honouring, Looking, Naming, Owning, Ending, Enduring, Planning):
    """All of it; see `basis.Basis` for what a subclass sets."""


__all__ = ["Document", "RuntimeContract"]
