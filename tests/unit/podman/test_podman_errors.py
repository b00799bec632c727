"""The translation of podman-py's errors."""

import pytest
import requests
from podman.errors import APIError

from abcd_run.errors import AbcdRunError, LaunchFailed, NoAnswer, NoRuntime
from abcd_run_podman.errors import translated


def _caused(cause: Exception) -> APIError:
    error = APIError("http://d/libpod/_ping", explanation="GET operation failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (_caused(requests.ConnectionError("refused")), NoRuntime),
        (_caused(requests.ReadTimeout("120 s")), NoAnswer),
        (_caused(ConnectionResetError(104, "reset")), NoRuntime),
        (requests.ReadTimeout("120 s"), NoAnswer),
        (APIError("http://d", explanation="no such thing"), LaunchFailed),
    ],
    ids=["gone", "slow", "reset", "slow by itself", "refused"],
)
def test_a_service_that_is_gone_is_told_of(raised: Exception, kind: type[AbcdRunError]) -> None:
    with pytest.raises(AbcdRunError) as told, translated("create it"):
        raise raised
    assert type(told.value) is kind
    assert "GET operation failed" not in str(told.value)
    assert told.value.remedy
