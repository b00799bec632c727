"""The exit status of a command that does several things."""

import pytest

from abcd_run.errors import (
    AbcdRunError,
    ArtifactError,
    Failure,
    Interrupted,
    LaunchFailed,
    NoRuntime,
)
from abcd_run.report import exit_status

ENDED, DOWN, NO_IMAGE, STOPPED = (
    kind("x") for kind in (LaunchFailed, NoRuntime, ArtifactError, Interrupted)
)


@pytest.mark.parametrize(
    ("errors", "alone", "partly", "unnamed"),
    [
        ([], 0, 0, 0),
        ([DOWN], 3, 1, 1),
        ([ENDED, ENDED], 5, 1, 1),
        ([ENDED, NO_IMAGE], 1, 1, 1),
        ([STOPPED], 130, 130, 130),
        ([ENDED, STOPPED], 130, 130, 130),
    ],
)
def test_one_rule(errors: list[AbcdRunError], alone: int, partly: int, unnamed: int) -> None:
    failures = [Failure(error) for error in errors]
    assert exit_status.status(failures) == alone
    assert exit_status.status(failures, partly=True) == partly
    assert exit_status.status(failures, named=False) == unnamed
