"""The contract suite: what every runtime must do, tried through the installed command.

A subclass names its runtime. It must be usable here; elsewhere than in CI the suite is skipped
with the reason where it is not.
"""

import pytest

PARTS = (
    "basis", "launching", "looking", "following", "naming", "owning", "honouring", "ending",
    "planning", "evidence",
)  # fmt: skip
# So that a failed assertion shows its values: pytest does this for test files only.
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in PARTS))

from abcd_run.testing.contract.basis import Document  # noqa: E402
from abcd_run.testing.contract.ending import Ending  # noqa: E402
from abcd_run.testing.contract.honouring import Honouring  # noqa: E402
from abcd_run.testing.contract.launching import Launching  # noqa: E402
from abcd_run.testing.contract.looking import Looking  # noqa: E402
from abcd_run.testing.contract.naming import Naming  # noqa: E402
from abcd_run.testing.contract.owning import Owning  # noqa: E402
from abcd_run.testing.contract.planning import Planning  # noqa: E402


class RuntimeContract(Launching, Honouring, Looking, Naming, Owning, Ending, Planning):
    """All of it; see `basis.Basis` for what a subclass sets."""


__all__ = ["Document", "RuntimeContract"]
